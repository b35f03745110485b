"""Templates, addresses and HTML, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.rules import (
    TemplateError,
    as_html,
    check_address,
    fill,
    fill_subject,
    is_placeholder,
    moved_to,
    parse,
    without_links,
)

ADA = {"first_name": "Ada", "company": "Bar AG", "offer": "https://portal.example/n/o/1-1.x/"}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("Hello {{ first_name|there }}", "Hello Ada"),
        ("Hello {{first_name|there}}", "Hello Ada"),
        ("Hello {{ last_name|there }}", "Hello there"),
        ("Hello{{ last_name| }}.", "Hello."),
        ("{{ company|you }} and { braces }", "Bar AG and { braces }"),
        ("See {{ offer }}", "See https://portal.example/n/o/1-1.x/"),
        ("", ""),
    ],
)
def test_fill(template: str, filled: str) -> None:
    assert fill(parse(template), ADA) == filled


def test_fill_keeps_what_a_lead_is_called_on_one_line() -> None:
    assert fill(parse("{{ first_name|you }}"), {"first_name": "Ada\r\nBcc: all@example.com"}) == (
        "Ada Bcc: all@example.com"
    )


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("Hi\n{{ frist_name|x }}", "Line 2: there is no “frist_name”. You can use: first_name, last_name"),
        ("{{ }}", "there is no “{{ }}”"),
        ("{{ first_name }}", "say what stands there when it is not known: {{ first_name|… }}"),
        ("{{ first_name|there }", "“{{” has no partner"),
        ("first_name|there }}", "“}}” has no partner"),
        ("{% if x %}", "“{%” does nothing here"),
        ("{# note #}", "“{#” does nothing here"),
        ("{{ first_name|a|b }}", "cannot be read"),
        ("{{ user.password|x }}", "there is no “user.password”"),
        ("{{ first_name.__class__|x }}", "there is no “first_name.__class__”"),
    ],
)
def test_parse_refuses(template: str, words: str) -> None:
    with pytest.raises(TemplateError) as refused:
        parse(template)
    assert words in str(refused.value)


def test_parse_refuses_an_offer_that_is_not_there_and_links_in_a_subject() -> None:
    with pytest.raises(TemplateError, match="names the offer, but has none"):
        parse("{{ offer }}", has_offer=False)
    with pytest.raises(TemplateError, match="a subject cannot hold"):
        parse("{{ unsubscribe }}", is_subject=True)


def test_fill_subject_is_one_line() -> None:
    assert fill_subject("Hello\n{{ first_name|you }}", ADA) == "Hello Ada"


@given(st.text())
def test_parse_reads_anything_or_says_why(text: str) -> None:
    try:
        filled = fill(parse(text), {})
    except TemplateError:
        return
    assert isinstance(filled, str)


def test_as_html_escapes_and_links() -> None:
    text = "Hello <b>Ada</b>,\nlook:\n\nhttps://portal.example/n/o/1/ & https://bar.example/x."
    assert as_html(text, {"https://portal.example/n/o/1/": "The “guide” <1>"}) == (
        "<p>Hello &lt;b&gt;Ada&lt;/b&gt;,<br>\nlook:</p>\n"
        '<p><a href="https://portal.example/n/o/1/">The “guide” &lt;1&gt;</a> &amp; '
        '<a href="https://bar.example/x">https://bar.example/x</a>.</p>'
    )


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "//bar.example",
        "ftp://bar.example",
        "https://",
        "https://a@b.example",
        "https://bar.example/a b",
        "https://bar.example\\@evil.example",
        "https://[bar",
        "https://bar.example\N{FULLWIDTH SOLIDUS}x",
    ],
)
def test_check_address_refuses(address: str) -> None:
    with pytest.raises(TemplateError):
        check_address(address)


def test_moved_to_moves_placeholders_only() -> None:
    assert is_placeholder("https://www.example.com/trial")
    assert not is_placeholder("https://nordwind.example/trial")
    assert not is_placeholder("https://[example.com/trial")
    assert (
        moved_to("https://www.example.com/a/b?c=1", "https://bar.example/") == "https://bar.example/a/b?c=1"
    )
    assert moved_to("https://bar.example/a", "https://foo.example") == "https://bar.example/a"


def test_links_of_a_reader_are_left_out_whatever_the_portal_is_called() -> None:
    text = "See https://a.example:8000/sla/n/o/12-1.x_-Y/, or\nhttp://b.example/n/u/12-1.x/\nhttps://c.example/n/x/"
    assert without_links(text, offer="https://c.example/guide", unsubscribe="[unsubscribe]") == (
        "See https://c.example/guide, or\n[unsubscribe]\nhttps://c.example/n/x/"
    )
