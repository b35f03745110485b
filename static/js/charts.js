// Charts: the picture is drawn from the figure's own data; its words, numbers and links are those of the table behind it.
// Colours are the page's own names, so that light, dark and paper need no redrawing; nothing moves.

const { echarts } = window;
const isRtl = document.documentElement.dir === "rtl";
const font = { fontFamily: '"IBM Plex Sans", "IBM Plex Sans Arabic", system-ui, sans-serif', fontSize: 12 };
const TONES = {
  marketing: "violet",
  sales: "teal",
  shared: "slate",
  today: "blue",
  due_soon: "amber",
  overdue: "red",
  met: "green",
  ink: "ink-2",
  quiet: "ink-3",
};
const colour = (tone) => `var(--${TONES[tone] || "ink-2"})`;
// The picture is drawn from left to right in every language; words in it keep their own order.
const said = (text) => (isRtl && text ? `\u2067${text}\u2069` : text);
const words = (text, tone) => ({ show: true, formatter: typeof text === "string" ? said(text) : text, color: colour(tone), fontWeight: 500, ...font });

// What the pointer reads is the row of the table.
const tip = (table) => ([{ dataIndex }]) => {
  const row = table.tBodies[0].rows[dataIndex];
  const box = document.createElement("div");
  box.className = "chart-tip";
  box.dir = document.documentElement.dir;
  const head = document.createElement("b");
  head.textContent = row.cells[0].textContent;
  const list = document.createElement("dl");
  [...row.cells].slice(1).forEach((cell, place) => {
    const name = document.createElement("dt");
    const value = document.createElement("dd");
    name.textContent = table.tHead.rows[0].cells[place + 1].textContent;
    value.textContent = cell.textContent;
    list.append(name, value);
  });
  box.append(head, list);
  return box;
};

const lifted = (base) => ({
  type: "bar",
  stack: "lifted",
  data: base,
  silent: true,
  barMaxWidth: 28,
  itemStyle: { color: "transparent" },
});

const bar = (series, place) => ({
  type: "bar",
  name: series.name,
  stack: series.base.length ? "lifted" : `bar-${place}`,
  data: series.values,
  barMaxWidth: 28,
  barCategoryGap: "28%",
  barGap: "12%",
  itemStyle: { color: colour(series.tone), borderRadius: series.base.length ? 1 : [2, 2, 0, 0] },
  label: series.said.length ? { ...words(({ dataIndex }) => said(series.said[dataIndex]), series.tone), position: "top" } : { show: false },
});

const line = (series) => ({
  type: "line",
  name: series.name,
  step: series.shape === "step" ? "middle" : false,
  data: series.values,
  connectNulls: false,
  symbol: "circle",
  symbolSize: 5,
  showSymbol: !series.dashed && series.values.length < 15,
  lineStyle: { color: colour(series.tone), width: series.shape === "line" && !series.dashed ? 2 : 1.5, type: series.dashed ? [4, 4] : "solid" },
  itemStyle: { color: colour(series.tone) },
  endLabel: series.end ? { ...words(series.end, series.tone), distance: series.shape === "step" ? 16 : 6 } : { show: false },
  labelLayout: { moveOverlap: "shiftY" },
  z: series.dashed ? 2 : 3,
});

const drawn = (spec) =>
  spec.series.flatMap((series, place) => {
    if (series.shape !== "bar") return [line(series)];
    return series.base.length ? [lifted(series.base), bar(series, place)] : [bar(series, place)];
  });

// The target stands across the whole picture, with its words on it.
const target = (spec) => ({
  silent: true,
  symbol: "none",
  data: [{ yAxis: spec.target }],
  lineStyle: { color: colour("ink"), width: 1, type: [4, 4] },
  label: { ...words(spec.targetWords, "ink"), position: isRtl ? "insideEndTop" : "insideStartTop", padding: [0, 0, 0, 4] },
});

// Room for the words at the end of lines, which are the legend.
const margin = (spec) => Math.max(12, ...spec.series.map(({ end, shape }) => (shape === "bar" ? 0 : end.length * 6.6 + 14)));

// From right to left the room for the axis is reckoned here: ECharts leaves none of it on a narrow picture.
const place = (spec) => {
  if (!isRtl) return { top: 20, bottom: 4, left: 4, right: margin(spec), outerBoundsMode: "same", outerBoundsContain: "axisLabel" };
  const longest = Math.max(...spec.ticks.map((tick) => tick.length));
  return { top: 20, bottom: 28, right: 14 + longest * 7, left: margin(spec), outerBoundsMode: "none" };
};

// Words at the ends of two lines that come close stand one above the other.
const apart = (series, top) => {
  const ended = series.filter(({ endLabel }) => endLabel?.show).map((each) => ({ each, last: each.data.findLast((value) => value !== null) ?? 0 }));
  ended.sort((one, other) => one.last - other.last);
  ended.slice(1).forEach(({ each, last }, place) => {
    if (last - ended[place].last < top * 0.08) each.endLabel.offset = [0, -12];
  });
  return series;
};

const option = (spec, table) => {
  const series = apart(drawn(spec), spec.top).map((each) => ({ emphasis: { disabled: true }, ...each }));
  if (spec.target !== null) series[0].markLine = target(spec);
  const near = isRtl ? "right" : "left";
  return {
    animation: false,
    aria: { enabled: false },
    textStyle: font,
    grid: place(spec),
    xAxis: {
      type: "category",
      data: spec.x.map(said),
      inverse: isRtl,
      axisLine: { lineStyle: { color: "var(--line-strong)" } },
      axisTick: { show: false },
      axisLabel: { ...font, color: "var(--ink-3)", hideOverlap: true, margin: 8 },
      axisPointer: { type: "shadow", shadowStyle: { color: "var(--sunken)" }, z: 0 },
    },
    yAxis: {
      type: "value",
      min: 0,
      max: spec.top,
      interval: spec.step,
      position: near,
      splitLine: { lineStyle: { color: "var(--line)" } },
      axisLabel: { ...font, color: "var(--ink-3)", formatter: (_, place) => said(spec.ticks[place]) ?? "" },
    },
    tooltip: {
      trigger: "axis",
      confine: true,
      transitionDuration: 0,
      padding: 0,
      borderWidth: 0,
      backgroundColor: "transparent",
      extraCssText: "box-shadow:none",
      formatter: tip(table),
    },
    series,
  };
};

const draw = (figure) => {
  const picture = figure.querySelector(".chart-picture");
  const toggle = figure.querySelector("[data-chart-toggle]");
  const behind = figure.querySelector(".chart-table");
  const table = behind.querySelector("table");
  const spec = JSON.parse(figure.querySelector("script").textContent);

  const show = (isTable) => {
    behind.hidden = !isTable;
    picture.hidden = isTable;
    toggle.setAttribute("aria-pressed", isTable);
  };
  toggle.hidden = false;
  toggle.addEventListener("click", () => show(behind.hidden));
  show(false);

  const chart = echarts.init(picture, null, { renderer: "svg" });
  chart.setOption(option(spec, table));
  const hasLinks = spec.series.some(({ urls }) => urls.length);
  if (hasLinks) picture.classList.add("is-linked");
  // A press opens what the row's first linked figure counts.
  if (hasLinks) {
    chart.getZr().on("click", ({ offsetX, offsetY }) => {
      if (!chart.containPixel("grid", [offsetX, offsetY])) return;
      const place = chart.convertFromPixel({ xAxisIndex: 0 }, offsetX);
      const link = table.tBodies[0].rows[place]?.querySelector("a");
      if (link) location.assign(link.href);
    });
  }
  // Paper is narrower than the screen: with a view box the picture is made smaller there, and not cut off.
  const fit = () => {
    picture.querySelector("svg")?.setAttribute("viewBox", `0 0 ${chart.getWidth()} ${chart.getHeight()}`);
  };
  fit();
  new ResizeObserver(() => {
    if (!picture.clientWidth) return;
    chart.resize();
    fit();
  }).observe(picture);
};

const drawAll = () => {
  for (const figure of document.querySelectorAll("[data-chart]:not([data-drawn])")) {
    figure.dataset.drawn = "";
    draw(figure);
  }
};

// Measured in our own typeface, else words would be cut.
if (echarts) document.fonts.ready.then(drawAll);
document.body.addEventListener("htmx:afterSettle", () => echarts && drawAll());
