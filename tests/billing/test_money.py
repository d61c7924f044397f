"""Amounts are read as a careful clerk would read them, and shown without losing a paisa."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given, strategies as st
import pytest

from custom_components.qube.billing.errors import InvalidAmountError
from custom_components.qube.billing.money import (
    MAX_AMOUNT_PAISE,
    MAX_RATE_MILLIPAISE,
    MICROPAISE_PER_RUPEE,
    basis_points_of,
    divided_half_up,
    energy_tax_micropaise,
    indian,
    millipaise_of,
    paise_of,
    rate_in_rupees,
    rupees_exactly,
    rupees_of,
    rupees_of_paise,
    to_paise,
)

type Reader = Callable[[str | float | Decimal], int]


class TestReading:
    """What people write, what Home Assistant's forms give, and what neither may."""

    @pytest.mark.parametrize(
        ("written", "paise"),
        [
            ("0", 0),
            ("-0", 0),
            ("5", 500),
            ("+5", 500),
            ("007", 700),
            (" ₹ 5 ", 500),
            ("₹5.5", 550),
            ("+₹5", 500),
            ("76.70", 7_670),
            ("1.000", 100),
            ("1,234.50", 123_450),
            ("12,34,567.89", 123_456_789),
            ("1,234,567.89", 123_456_789),
            ("123,456", 12_345_600),
            ("0.01", 1),
            ("1,00,00,000", 1_000_000_000),
            (1, 100),
            (76.70, 7_670),
            (1e5, 10_000_000),
            (Decimal("1E+3"), 100_000),
            (Decimal("76.700"), 7_670),
            (0.01, 1),
        ],
    )
    def test_an_amount(self, written: str | float | Decimal, paise: int) -> None:
        """With the commas of India, of the rest of the world, or none."""
        assert paise_of(written) == paise

    @pytest.mark.parametrize(
        "written",
        [
            "",
            " ",
            "₹",
            "-",
            "five",
            "1e3",
            "1E3",
            "NaN",
            "Infinity",
            "-inf",
            "१२",
            "\uff15",
            "1_000",
            "0x10",
            "1,2,3",
            "12,34",
            "1234,567",
            "12,345,67",
            "1,,234",
            ",500",
            "500,",
            "5,50",
            "123,45,678",
            "5.",
            ".5",
            "1.2.3",
            "1 000",
            "5 ₹",
            "₹-5",
            "₹₹5",
            "--5",
            "5\n6",
            "Rs 5",
            "(5)",
            "5%",
            "0" * 33,
            True,
            False,
            float("nan"),
            float("inf"),
            float("-inf"),
            Decimal("NaN"),
            Decimal("sNaN"),
            Decimal("-Infinity"),
        ],
    )
    def test_what_is_no_amount(self, written: str | float | Decimal) -> None:
        """A careful clerk would ask."""
        with pytest.raises(InvalidAmountError) as caught:
            paise_of(written)
        assert caught.value.key == "amount_not_a_number"

    def test_a_text_may_have_32_characters(self) -> None:
        """More are no amount, and cost time to read."""
        assert paise_of("5".rjust(32, "0")) == 500

    @pytest.mark.parametrize(
        "written",
        [
            "0.001",
            0.1 + 0.2,
            "1." + "0" * 28 + "1",
            Decimal("1E-1000026"),
            Decimal("5." + "0" * 99 + "1"),
        ],
    )
    def test_too_many_decimals(self, written: str | float | Decimal) -> None:
        """However small the rest: it is neither rounded nor lost."""
        with pytest.raises(InvalidAmountError) as caught:
            paise_of(written)
        assert caught.value.key == "amount_too_many_decimals"
        assert caught.value.placeholders == {"decimals": "2"}

    @pytest.mark.parametrize(
        ("read", "highest", "too_large", "limit"),
        [
            (paise_of, "10000000", "10000000.01", "₹1,00,00,000"),
            (millipaise_of, "1000", "1000.00001", "₹1,000"),
            (basis_points_of, "100", "100.01", "₹100"),
        ],
    )
    def test_the_highest(self, read: Reader, highest: str, too_large: str, limit: str) -> None:
        """It is still taken; the next one is not."""
        assert read(highest) in {MAX_AMOUNT_PAISE, MAX_RATE_MILLIPAISE, 10_000}
        with pytest.raises(InvalidAmountError) as caught:
            read(too_large)
        assert caught.value.key == "amount_too_large"
        assert caught.value.placeholders == {"limit": limit}

    @pytest.mark.parametrize("number", [Decimal("1E+999999"), 1e300, Decimal(2**53 * 10**40)])
    def test_a_number_without_measure(self, number: float | Decimal) -> None:
        """It is too large, and nothing worse."""
        with pytest.raises(InvalidAmountError) as caught:
            paise_of(number)
        assert caught.value.key == "amount_too_large"

    def test_an_integer_with_more_digits_than_python_writes(self) -> None:
        """It is too large, or too small, and no other error."""
        for number, key in ((10**6_000, "amount_too_large"), (-(10**6_000), "amount_too_small")):
            with pytest.raises(InvalidAmountError) as caught:
                paise_of(number)
            assert caught.value.key == key

    @pytest.mark.parametrize("read", [paise_of, millipaise_of, basis_points_of])
    def test_nothing_is_negative(self, read: Reader) -> None:
        """Unless it is said that it may be."""
        assert read("0") == 0
        for written in ("-0.01", -1, "-₹5"):
            with pytest.raises(InvalidAmountError) as caught:
                read(written)
            assert caught.value.key == "amount_too_small"
            assert caught.value.placeholders == {"limit": "₹0"}

    def test_a_lowest_amount(self) -> None:
        """It is still taken, be it above nothing or below."""
        assert paise_of("0.01", lowest_paise=1) == 1
        assert paise_of("-₹1,234.50", lowest_paise=-123_450) == -123_450
        for written, lowest_paise, limit in (("0", 1, "₹0.01"), ("-5.01", -500, "-₹5")):
            with pytest.raises(InvalidAmountError) as caught:
                paise_of(written, lowest_paise=lowest_paise)
            assert caught.value.placeholders == {"limit": limit}

    def test_rates_and_taxes(self) -> None:
        """₹6.50 per kWh are 650,000 millipaise, 18 % are 1,800 basis points."""
        assert [millipaise_of(each) for each in ("6.50", 6.5, "0.00001", 1e-5)] == [
            650_000,
            650_000,
            1,
            1,
        ]
        assert [basis_points_of(each) for each in ("18", 0.25)] == [1_800, 25]
        with pytest.raises(InvalidAmountError) as caught:
            millipaise_of("6.500001")
        assert caught.value.placeholders == {"decimals": "5"}

    @given(st.integers(-MAX_AMOUNT_PAISE, MAX_AMOUNT_PAISE))
    def test_what_is_shown_is_read_again(self, paise: int) -> None:
        """With ₹ and commas, plain, as a Decimal, and as the float that Home Assistant makes."""
        rupees = rupees_of_paise(paise)
        for written in (indian(rupees), str(rupees), rupees, float(rupees)):
            assert paise_of(written, lowest_paise=-MAX_AMOUNT_PAISE) == paise

    @given(st.integers(0, MAX_RATE_MILLIPAISE))
    def test_a_rate_that_is_shown_is_read_again(self, millipaise: int) -> None:
        """It is shown with as many decimals as it has."""
        rupees = rate_in_rupees(millipaise)
        assert millipaise_of(rupees) == millipaise
        assert millipaise_of(float(rupees)) == millipaise

    @given(st.text() | st.floats() | st.decimals() | st.integers())
    def test_anything_is_read_or_refused(self, written: str | float | Decimal) -> None:
        """Within its bounds, or with the one error that is expected."""
        with suppress(InvalidAmountError):
            assert 0 <= paise_of(written) <= MAX_AMOUNT_PAISE

    @given(st.decimals(0, 10_000_000))
    def test_a_decimal_is_read_exactly_or_not_at_all(self, amount: Decimal) -> None:
        """Nothing is rounded on the way."""
        try:
            paise = paise_of(amount)
        except InvalidAmountError:
            assert (Fraction(amount) * 100).denominator != 1
        else:
            assert Fraction(paise, 100) == Fraction(amount)


class TestRounding:
    """Half up, away from zero, and only where it is asked for."""

    @pytest.mark.parametrize(
        ("micropaise", "paise"),
        [
            (0, 0),
            (499_999, 0),
            (500_000, 1),
            (1_499_999, 1),
            (1_500_000, 2),
            (-499_999, 0),
            (-500_000, -1),
            (-1_500_000, -2),
            (-1_000_000, -1),
        ],
    )
    def test_to_paise(self, micropaise: int, paise: int) -> None:
        """A debt is rounded as a credit is."""
        assert to_paise(micropaise) == paise

    @given(st.integers(), st.integers(1, 10**9))
    def test_a_quotient_is_nearest(self, amount: int, divisor: int) -> None:
        """And the same on either side of zero."""
        quotient = divided_half_up(amount, divisor)
        assert 2 * abs(Fraction(amount, divisor) - quotient) <= 1
        assert divided_half_up(-amount, divisor) == -quotient

    @pytest.mark.parametrize(
        ("amount", "divisor", "quotient"), [(3, 2, 2), (5, 3, 2), (4, 3, 1), (7, 1, 7)]
    )
    def test_halves_and_thirds(self, amount: int, divisor: int, quotient: int) -> None:
        """Even divisors have a half, odd ones none."""
        assert divided_half_up(amount, divisor) == quotient


class TestShowing:
    """Rupees with paise, and commas where India sets them."""

    @pytest.mark.parametrize(
        ("amount", "shown"),
        [
            ("0", "₹0"),
            ("0.00", "₹0.00"),
            ("5.50", "₹5.50"),
            ("99", "₹99"),
            ("999", "₹999"),
            ("1000", "₹1,000"),
            ("12345", "₹12,345"),
            ("123456", "₹1,23,456"),
            ("1234567.89", "₹12,34,567.89"),
            ("12345678", "₹1,23,45,678"),
            ("1234567890", "₹1,23,45,67,890"),
            ("1E+3", "₹1,000"),
            ("-999.99", "-₹999.99"),
            ("-1234.50", "-₹1,234.50"),
            ("-0.00", "₹0.00"),
        ],
    )
    def test_indian(self, amount: str, shown: str) -> None:
        """A thousand, then lakh and crore."""
        assert indian(Decimal(amount)) == shown

    @given(st.integers(0, 10**15))
    def test_groups_are_of_three_and_two(self, rupees: int) -> None:
        """Without its commas it is the number."""
        groups = indian(Decimal(rupees)).removeprefix("₹").split(",")
        assert "".join(groups) == str(rupees)
        assume(len(groups) > 1)
        assert [len(group) for group in groups[1:]] == [2] * (len(groups) - 2) + [3]
        assert len(groups[0]) in {1, 2}

    def test_rupees(self) -> None:
        """With two decimals."""
        assert str(rupees_of_paise(292_330)) == "2923.30"
        assert str(rupees_of(MICROPAISE_PER_RUPEE * 5 + 499_999)) == "5.00"
        assert str(rupees_of(-500_000)) == "-0.01"

    @pytest.mark.parametrize(
        ("micropaise", "shown"),
        [
            (0, "0.00"),
            (7_670_000_000, "76.70"),
            (-1_000_000, "-0.01"),
            (3_250_000, "0.03250000"),
            (-1, "-1E-8"),
        ],
    )
    def test_rupees_exactly(self, micropaise: int, shown: str) -> None:
        """With two decimals, or all eight."""
        assert str(rupees_exactly(micropaise)) == shown

    @pytest.mark.parametrize(
        ("millipaise", "shown"),
        [(650_000, "6.50"), (0, "0.00"), (1_000, "0.01"), (650_500, "6.50500"), (655_000, "6.55")],
    )
    def test_rates(self, millipaise: int, shown: str) -> None:
        """More decimals only where there are any."""
        assert str(rate_in_rupees(millipaise)) == shown


@pytest.mark.parametrize(
    ("energy_wh", "millipaise_per_kwh", "tax_basis_points", "micropaise"),
    [(1_000, 650_000, 1_800, 117_000_000), (3, 650_000, 1_800, 351_000), (9, 1_999, 5, 0)],
)
def test_a_tax_is_a_whole_number_for_each_watt_hour(
    energy_wh: int, millipaise_per_kwh: int, tax_basis_points: int, micropaise: int
) -> None:
    """So it is the same however use is divided."""
    assert energy_tax_micropaise(energy_wh, millipaise_per_kwh, tax_basis_points) == micropaise
