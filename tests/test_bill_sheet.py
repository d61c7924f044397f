"""A bill as a page to print."""

from dataclasses import fields, replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
import re
from typing import Any, override

from hypothesis import given, settings, strategies as st
import jinja2
import pytest

from custom_components.qube import bill_sheet
from custom_components.qube.bill_sheet import account_of, bill_as_html, costs_of, outcome_of
from custom_components.qube.bill_words import ENGLISH, HINDI, WORDS, BillWords, words_of
from custom_components.qube.billing.bills import BillDraft, Period, StoredBill
from custom_components.qube.billing.models import Plan, Source
from tests.tenants import draft, india, mark

PAISA = 1_000_000


class Text(HTMLParser):
    """The words of a page, and its tags."""

    def __init__(self, html: str) -> None:
        """Read a page."""
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]

    @override
    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        """Return all words."""
        return " ".join(self.words)


def page(words: BillWords = ENGLISH, /, **changed: Any) -> str:  # noqa: ANN401
    """Return the page of the vendor's bill, with some things changed."""
    bill = StoredBill(number=14, issued_at=india(2026, 5, 1, 0, 1), draft=draft(**changed))
    return bill_as_html(bill, issuer="Lakeside", words=words, nonce="n0nce")


def text(words: BillWords = ENGLISH, /, **changed: Any) -> str:  # noqa: ANN401
    """Return what can be read on it."""
    return Text(page(words, **changed)).text


def with_generator() -> dict[str, Any]:
    """Return lines of both sources, from two devices, a part of which is estimated."""
    (grid,) = draft().lines
    generator = replace(
        grid,
        source=Source.DG,
        millipaise_per_kwh=1_825_000,
        opening=mark(10, india(2026, 4, 28, 13, 5), "QUBE-ONE-NEW"),
        closing=mark(28_210, india(2026, 4, 29, 18, 40), "QUBE-ONE-NEW"),
        energy_wh=28_200,
        estimated_wh=2_140,
    )
    return {"lines": (grid, generator)}


def test_a_bill_says_all_that_a_tenant_has_to_know() -> None:
    """Who, what for, from which reading to which, at which rate, how much, and until when."""
    said = text(due_on=date(2026, 5, 15))
    for expected in (
        "Lakeside Electricity bill",
        "Amount due ₹2,206.75 Pay by 15 May 2026",
        "Tenant Rinkesh Canary Agrawal",
        "Bill no. 14",
        "Account no. 1",
        "Bill date 1 May 2026",
        "Meter Room 302",
        "Billing period 25 April 2026 \N{EN DASH} 30 April 2026",
        "Plan Postpaid",
        "Grid (EB) QUBE-ONE-7f3a21c0 1,450.000 25-04-2026, 00:00 1,789.500 01-05-2026, 00:00",
        "339.500 6.50 ₹2,206.75",
        "Energy charge ₹2,206.75 This period ₹2,206.75",
    ):
        assert expected in said


def test_each_source_and_device_has_its_own_readings() -> None:
    """With a sum, and notes on what may look odd."""
    said = text(**with_generator())
    assert "Generator (DG) QUBE-ONE-NEW 0.010 28-04-2026, 13:05 28.210 29-04-2026, 18:40" in said
    assert "28.200 * 2.140 18.25 ₹514.65 Total 367.700 ₹2,721.40" in said
    assert ENGLISH.estimated in said
    assert ENGLISH.one_register in said
    assert ENGLISH.replaced in said


def test_notes_are_there_only_where_they_are_needed() -> None:
    """Nothing is estimated, there is one source and one device."""
    said = text()
    for note in (ENGLISH.estimated, ENGLISH.one_register, ENGLISH.replaced, ENGLISH.total):
        assert f" {note} " not in f" {said} "
    assert ENGLISH.made_by in said


def test_a_bill_without_use_shows_the_register_all_the_same() -> None:
    """An empty room has a fixed charge, of a part of the month here."""
    said = text(
        lines=(),
        closing=draft().opening,
        fixed_charge_paise=3_000,
        fixed_charge_tax_basis_points=1_800,
    )
    assert "No electricity was used in this period. QUBE-ONE-7f3a21c0 1,450.000" in said
    assert "Fixed charge 6 of 30 days ₹30.00 Tax 18 % ₹5.40 This period ₹35.40" in said


def test_a_whole_month_has_no_note_on_its_days() -> None:
    """It would say nothing."""
    period = Period(start=india(2026, 4, 1), end=india(2026, 5, 1), whole_days=30)
    assert "30 of 30" not in text(period=period, fixed_charge_paise=3_000)


def test_taxes_of_several_rates_are_one_sum_without_a_rate() -> None:
    """The rate changed within the period."""
    (line,) = draft().lines
    lines = (replace(line, tax_basis_points=500), replace(line, tax_basis_points=1_000))
    assert "Tax ₹331.01" in text(lines=lines)
    assert "Tax 5 % ₹110.34" in text(lines=lines[:1])


def test_what_is_owed_is_shown_as_owed() -> None:
    """What was paid takes from it."""
    said = text(
        previous_balance_micropaise=-50_000 * PAISA,
        payments_micropaise=50_000 * PAISA,
        adjustments_micropaise=-1_000 * PAISA,
    )
    assert (
        "Brought forward (due) ₹500.00 Payments received \N{MINUS SIGN}₹500.00 Adjustments ₹10.00"
        in said
    )
    assert "This period ₹2,206.75 Amount due ₹2,216.75" in said


def test_what_is_left_is_shown_as_the_tenant_s() -> None:
    """A prepaid tenant sees a balance, and no day to pay by."""
    said = text(
        plan=Plan.PREPAID,
        previous_balance_micropaise=300_000 * PAISA,
        payments_micropaise=200_000 * PAISA,
    )
    assert "Brought forward (in your favour) ₹3,000.00 Payments received ₹2,000.00" in said
    assert "This period \N{MINUS SIGN}₹2,206.75 Balance in your favour ₹2,793.25" in said
    assert ENGLISH.due_on not in said


def test_nothing_is_nothing() -> None:
    """Neither owed nor left."""
    said = text(payments_micropaise=220_675 * PAISA)
    assert "Nothing to pay ₹0.00" in said
    assert "Rounding" not in said


def test_a_day_to_pay_by_is_there_only_where_something_is_due() -> None:
    """Otherwise a tenant would ask what to pay."""
    assert ENGLISH.due_on in text(due_on=date(2026, 5, 15))
    paid = text(due_on=date(2026, 5, 15), payments_micropaise=220_675 * PAISA)
    assert ENGLISH.due_on not in paid


amounts = st.integers(min_value=-(10**16), max_value=10**16)


@settings(max_examples=200, deadline=None)
@given(
    energies=st.lists(st.integers(0, 10**9), max_size=4),
    rate=st.integers(0, 10_000).map(lambda rate: rate * 100),
    previous=amounts,
    payments=amounts,
    adjustments=amounts,
    fixed_paise=st.integers(0, 10**8),
)
def test_what_is_printed_adds_up(
    *,
    energies: list[int],
    rate: int,
    previous: int,
    payments: int,
    adjustments: int,
    fixed_paise: int,
) -> None:
    """To the paisa: what rounding the lines has lost is a line itself, of a few paise at most."""
    (line,) = draft().lines
    lines = tuple(
        replace(line, energy_wh=wh, millipaise_per_kwh=rate + 1, tax_basis_points=0)
        for wh in energies
    )
    bill = draft(
        lines=lines,
        fixed_charge_paise=fixed_paise,
        fixed_charge_tax_basis_points=333,
        previous_balance_micropaise=previous,
        payments_micropaise=payments,
        adjustments_micropaise=adjustments,
    )
    assert_adds_up(bill)


def assert_adds_up(bill: BillDraft) -> None:
    """Check both sums of a bill."""
    costs, account = costs_of(bill, ENGLISH), account_of(bill, ENGLISH)
    outcome = outcome_of(bill, ENGLISH)
    assert sum(entry.amount_paise for entry in costs) == bill.total_paise
    assert sum(entry.amount_paise for entry in account) == outcome.amount_paise
    assert outcome.amount_paise >= 0
    assert (outcome.label == ENGLISH.due) == (bill.amount_due_paise > 0)
    for entries, parts in ((costs, len(bill.lines) + 2), (account, 4)):
        (lost,) = [e.amount_paise for e in entries if e.label == ENGLISH.rounding] or [0]
        assert abs(lost) <= parts


EVIL = "<script>alert(1)</script>\"'&{{ 7*7 }}<img src=x onerror=alert(1)>"


def test_names_are_text_and_nothing_else() -> None:
    """Whatever a tenant, a meter, a device or a home is called."""
    changed = {
        "tenant": EVIL,
        "meter_name": EVIL,
        "lines": tuple(
            replace(line, opening=mark(0, india(2026, 4, 25), EVIL)) for line in draft().lines
        ),
    }
    harmless = Text(page())
    bill = StoredBill(number=14, issued_at=india(2026, 5, 1), draft=draft(**changed))
    shown = Text(bill_as_html(bill, issuer=EVIL, words=ENGLISH, nonce="n0nce"))
    assert shown.tags == harmless.tags
    assert shown.attributes == harmless.attributes
    assert shown.text.count(EVIL) == 4
    assert "49" not in shown.text.replace("14", "")


def test_a_page_needs_nothing_but_itself() -> None:
    """No script, no style on an element, no address of anything else."""
    html = page(**with_generator())
    shown = Text(html)
    assert "script" not in shown.tags
    assert not {"style", "src", "href", "onclick", "onload"} & set(shown.attributes)
    assert "url(" not in html
    assert "@import" not in html
    assert html.count('<style nonce="n0nce">') == 1


def test_a_page_is_a4_when_printed() -> None:
    """Without the grey around it."""
    html = page()
    assert "@page { size: A4;" in html
    assert "@media print" in html


def test_a_bill_in_hindi_has_no_english_word_but_names_and_units() -> None:
    """Each text is translated."""
    html = page(HINDI, **with_generator(), due_on=date(2026, 5, 15), fixed_charge_paise=100)
    assert '<html lang="hi">' in html
    latin = set(re.findall(r"[A-Za-z]{2,}", Text(html.split("</head>")[1]).text))
    names = {"Rinkesh", "Canary", "Agrawal", "Room", "Lakeside", "QUBE", "ONE", "NEW"}
    assert latin - names == {"EB", "DG", "kWh"}
    assert "15 मई 2026" in Text(html).text


def test_both_languages_say_everything_with_the_same_gaps() -> None:
    """Twelve months, all plans and sources, and what is filled in."""
    for words in WORDS.values():
        assert len(words.months) == 12
        assert set(words.plans) == set(Plan)
        assert set(words.supplies) == set(Source)
        for field in fields(BillWords):
            assert getattr(words, field.name), field.name
        assert sorted(re.findall(r"{\w+}", words.days)) == ["{days}", "{whole_days}"]
    for field in fields(BillWords):
        assert getattr(ENGLISH, field.name) != getattr(HINDI, field.name), field.name


def test_every_word_is_used() -> None:
    """By the template, or by what it shows."""
    folder = Path(bill_sheet.__file__).parent
    sources = [folder / "bill_sheet.py", folder / "bill_words.py"]
    sources.append(folder / "templates" / "bill.html.jinja")
    used = set(re.findall(r"(?:words|self)\.(\w+)", "".join(path.read_text() for path in sources)))
    assert {field.name for field in fields(BillWords)} <= used


def test_another_language_is_english() -> None:
    """As most bills in India are."""
    assert words_of("ta") is ENGLISH
    assert words_of("hi") is HINDI


def test_a_gap_in_the_template_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than a bill that lacks something."""
    loader = jinja2.DictLoader({"bill.html.jinja": "{{ draft.no_such_thing }}"})
    monkeypatch.setattr(bill_sheet._ENVIRONMENT, "loader", loader)
    monkeypatch.setattr(bill_sheet._ENVIRONMENT, "cache", None)
    with pytest.raises(jinja2.UndefinedError):
        page()
