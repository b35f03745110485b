"""The starter agreement's scoring as somebody who knows its rules and PostgreSQL would write it: one statement.

It writes to tables of its own, named by_hand_…, that have the columns, indexes and lead keys of the portal's.
"""


def halved(days: int, type: str) -> str:
    """What is left of one point for each activity of a type."""
    halvings = f"least(60, greatest(0, date_part('epoch', %(now)s - occurred_at)) / {days * 86400})"
    return f"coalesce(sum(0.5::float8 ^ {halvings}) FILTER (WHERE type = '{type}'), 0)"


BY_HAND = f"""
WITH acts AS (
    SELECT lead_id,
        least(10, %(page_view)s * {halved(14, "page_view")}) AS page_view,
        least(30, 10 * {halved(14, "pricing_view")}) AS pricing_view,
        least(16, 4 * {halved(21, "email_click")}) AS email_click,
        least(36, 12 * {halved(30, "content_download")}) AS content_download,
        least(36, 18 * {halved(30, "webinar_attended")}) AS webinar_attended,
        least(40, 20 * {halved(45, "event_attended")}) AS event_attended,
        least(40, 20 * {halved(21, "calculator_used")}) AS calculator_used,
        least(45, 45 * {halved(30, "trial_start")}) AS trial_start,
        least(60, 60 * {halved(45, "demo_request")}) AS demo_request,
        greatest(-24, -8 * {halved(30, "careers_view")}) AS careers_view,
        greatest(-30, -30 * {halved(90, "unsubscribe")}) AS unsubscribe
    FROM leads_activity WHERE human AND {{of_acts}} GROUP BY lead_id
), matched AS (
    SELECT lead.id AS lead_id, page_view, pricing_view, email_click, content_download, webinar_attended,
        event_attended, calculator_used, trial_start, demo_request, careers_view, unsubscribe,
        CASE WHEN lower(job_title) LIKE '%%chief%%' THEN 25 ELSE 0 END AS chief,
        CASE WHEN lower(job_title) LIKE '%%director%%' THEN 20 ELSE 0 END AS director,
        CASE WHEN lower(job_title) LIKE 'head%%' THEN 20 ELSE 0 END AS head,
        CASE WHEN lower(job_title) LIKE '%%manager%%' THEN 10 ELSE 0 END AS manager,
        CASE WHEN employees BETWEEN 200 AND 2000 THEN 25 WHEN employees >= 50 THEN 15 ELSE 0 END AS size,
        CASE WHEN lower(industry) IN ('software', 'manufacturing', 'logistics', 'financial services',
            'professional services') THEN 15 ELSE 0 END AS industry,
        CASE WHEN country IN ('DE', 'AT', 'CH', 'NL', 'BE', 'LU', 'FR', 'DK', 'SE', 'NO')
            THEN 15 ELSE 0 END AS country,
        CASE WHEN phone <> '' THEN 10 ELSE 0 END AS reachable,
        CASE WHEN split_part(email, '@', 2) IN ('gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com',
            'live.com', 'yahoo.com', 'icloud.com', 'gmx.de', 'gmx.net', 'web.de', 't-online.de', 'proton.me')
            THEN -15 ELSE 0 END AS free_mail,
        CASE WHEN job_title ~* '(^|\\W)(student|werkstudent|intern|trainee|praktikant)(\\W|$)' THEN -50 ELSE 0 END AS student,
        job_title ~* '(^|\\W)(student|werkstudent|intern|trainee|praktikant)(\\W|$)'
            OR split_part(email, '@', 2) = 'competitor.example'
            OR source IN ('purchased_list', 'scraped_list') AS excluded
    FROM leads_lead lead
    LEFT JOIN leads_company company ON company.id = lead.company_id
    LEFT JOIN acts ON acts.lead_id = lead.id
    WHERE {{of_leads}}
), summed AS (
    SELECT *, least(100, greatest(0, chief + director + head + manager + size + industry + country + reachable
            + free_mail + student)) AS fit,
        least(100, greatest(0, floor(0.5 + 1e-9 + coalesce(page_view, 0) + coalesce(pricing_view, 0)
            + coalesce(email_click, 0) + coalesce(content_download, 0) + coalesce(webinar_attended, 0)
            + coalesce(event_attended, 0) + coalesce(calculator_used, 0) + coalesce(trial_start, 0)
            + coalesce(demo_request, 0) + coalesce(careers_view, 0) + coalesce(unsubscribe, 0)))) AS interest
    FROM (SELECT * FROM matched OFFSET 0) matched
), graded AS (
    SELECT *, CASE WHEN fit >= 70 THEN 'A' WHEN fit >= 50 THEN 'B' WHEN fit >= 25 THEN 'C' ELSE 'D' END
        || CASE WHEN interest >= 60 THEN '1' WHEN interest >= 40 THEN '2' WHEN interest >= 20 THEN '3'
            ELSE '4' END AS grade
    FROM (SELECT * FROM summed OFFSET 0) summed
), scored AS MATERIALIZED (
    SELECT graded.*, graded.grade IN ('A1', 'A2', 'A3', 'B1', 'B2', 'C1') AND NOT excluded AS qualifies,
        before.fit AS fit_before, before.interest AS interest_before, before.grade AS grade_before,
        before.qualifies AS qualified_before
    FROM graded LEFT JOIN by_hand_leadscore before ON before.lead_id = graded.lead_id
), history AS (
    INSERT INTO by_hand_scorechange (lead_id, at, version_id, fit_before, interest_before, grade_before,
        qualified_before, fit, interest, grade, qualifies, receipt)
    SELECT lead_id, %(now)s, %(version)s, coalesce(fit_before, 0), coalesce(interest_before, 0),
        coalesce(grade_before, ''), coalesce(qualified_before, FALSE), fit, interest, grade, qualifies,
        jsonb_strip_nulls(jsonb_build_object(
            'chief', nullif(chief, 0), 'director', nullif(director, 0), 'head', nullif(head, 0),
            'manager', nullif(manager, 0), 'size', nullif(size, 0), 'industry', nullif(industry, 0),
            'country', nullif(country, 0), 'reachable', nullif(reachable, 0),
            'free_mail', nullif(free_mail, 0), 'student', nullif(student, 0),
            'page_view', nullif(page_view, 0), 'pricing_view', nullif(pricing_view, 0),
            'email_click', nullif(email_click, 0), 'content_download', nullif(content_download, 0),
            'webinar_attended', nullif(webinar_attended, 0), 'event_attended', nullif(event_attended, 0),
            'calculator_used', nullif(calculator_used, 0), 'trial_start', nullif(trial_start, 0),
            'demo_request', nullif(demo_request, 0), 'careers_view', nullif(careers_view, 0),
            'unsubscribe', nullif(unsubscribe, 0)))
    FROM scored
    WHERE (fit, interest, grade, qualifies)
        IS DISTINCT FROM (fit_before, interest_before, grade_before, qualified_before)
)
INSERT INTO by_hand_leadscore (lead_id, version_id, fit, interest, grade, qualifies, decays, scored_at)
SELECT lead_id, %(version)s, fit, interest, grade, qualifies,
    abs(coalesce(page_view, 0)) + abs(coalesce(pricing_view, 0)) + abs(coalesce(email_click, 0))
        + abs(coalesce(content_download, 0)) + abs(coalesce(webinar_attended, 0))
        + abs(coalesce(event_attended, 0)) + abs(coalesce(calculator_used, 0)) + abs(coalesce(trial_start, 0)) + abs(coalesce(demo_request, 0))
        + abs(coalesce(careers_view, 0)) + abs(coalesce(unsubscribe, 0)) >= 0.5, %(now)s
FROM scored
ON CONFLICT (lead_id) DO UPDATE SET version_id = EXCLUDED.version_id, fit = EXCLUDED.fit,
    interest = EXCLUDED.interest, grade = EXCLUDED.grade, qualifies = EXCLUDED.qualifies,
    decays = EXCLUDED.decays, scored_at = EXCLUDED.scored_at
WHERE (by_hand_leadscore.version_id, by_hand_leadscore.fit, by_hand_leadscore.interest,
    by_hand_leadscore.grade, by_hand_leadscore.qualifies, by_hand_leadscore.decays)
    IS DISTINCT FROM (EXCLUDED.version_id, EXCLUDED.fit, EXCLUDED.interest, EXCLUDED.grade,
    EXCLUDED.qualifies, EXCLUDED.decays)
"""
DIFFERENT = """
    SELECT count(*)
    FROM scoring_leadscore ours FULL JOIN by_hand_leadscore theirs ON theirs.lead_id = ours.lead_id
    WHERE (ours.version_id, ours.fit, ours.interest, ours.grade, ours.qualifies, ours.decays)
        IS DISTINCT FROM (theirs.version_id, theirs.fit, theirs.interest, theirs.grade, theirs.qualifies,
        theirs.decays)
"""
