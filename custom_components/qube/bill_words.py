"""The words of a printed bill, in English and in Hindi."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

from .billing.models import Plan, Source


@dataclass(frozen=True, kw_only=True, slots=True)
class BillWords:
    """All that a bill says in one language; `language` is the code of HTML."""

    language: str
    months: tuple[str, ...]
    title: str
    number: str
    issued_on: str
    account: str
    tenant: str
    meter: str
    plan: str
    plans: Mapping[Plan, str]
    period: str
    days: str
    due: str
    due_on: str
    credit: str
    settled: str
    use: str
    supply: str
    supplies: Mapping[Source, str]
    opening: str
    closing: str
    units: str
    rate: str
    amount: str
    total: str
    no_use: str
    costs: str
    energy: str
    fixed_charge: str
    tax: str
    this_period: str
    account_summary: str
    previous_credit: str
    previous_due: str
    payments: str
    adjustments: str
    rounding: str
    estimated: str
    one_register: str
    replaced: str
    made_by: str

    def day(self, day: date) -> str:
        """Return a day, such as 1 May 2026, which stays on one line."""
        return "\N{NO-BREAK SPACE}".join((str(day.day), self.months[day.month - 1], str(day.year)))


ENGLISH: Final = BillWords(
    language="en",
    months=(
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    ),
    title="Electricity bill",
    number="Bill no.",
    issued_on="Bill date",
    account="Account no.",
    tenant="Tenant",
    meter="Meter",
    plan="Plan",
    plans=MappingProxyType({Plan.PREPAID: "Prepaid", Plan.POSTPAID: "Postpaid"}),
    period="Billing period",
    days="{days} of {whole_days} days",
    due="Amount due",
    due_on="Pay by",
    credit="Balance in your favour",
    settled="Nothing to pay",
    use="Electricity used",
    supply="Supply",
    supplies=MappingProxyType({Source.EB: "Grid (EB)", Source.DG: "Generator (DG)"}),
    opening="Opening reading",
    closing="Closing reading",
    units="Units (kWh)",
    rate="₹ per unit",
    amount="Amount",
    total="Total",
    no_use="No electricity was used in this period.",
    costs="Charges of this period",
    energy="Energy charge",
    fixed_charge="Fixed charge",
    tax="Tax",
    this_period="This period",
    account_summary="Your account",
    previous_credit="Brought forward (in your favour)",
    previous_due="Brought forward (due)",
    payments="Payments received",
    adjustments="Adjustments",
    rounding="Rounding",
    estimated=(
        "Estimated: for these units it was not seen which supply was on, or when the rate changed. "
        "Where two supplies were possible, the cheaper one is charged. The units themselves are "
        "measured."
    ),
    one_register=(
        "The meter counts the units of both supplies in one register. Between the readings of one "
        "supply there may be units of the other."
    ),
    replaced="The meter's device was replaced in this period; each device has its own readings.",
    made_by="Made by computer from the meter's readings; valid without a signature.",
)
HINDI: Final = BillWords(
    language="hi",
    months=(
        *("जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई"),
        *("अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"),
    ),
    title="बिजली बिल",
    number="बिल संख्या",
    issued_on="बिल की तारीख",
    account="खाता संख्या",
    tenant="किरायेदार",
    meter="मीटर",
    plan="प्लान",
    plans=MappingProxyType({Plan.PREPAID: "प्रीपेड", Plan.POSTPAID: "पोस्टपेड"}),
    period="बिल की अवधि",
    days="{whole_days} में से {days} दिन",
    due="देय राशि",
    due_on="भुगतान की अंतिम तारीख",
    credit="आपके खाते में जमा",
    settled="कुछ भी देय नहीं",
    use="बिजली की खपत",
    supply="सप्लाई",
    supplies=MappingProxyType({Source.EB: "ग्रिड (EB)", Source.DG: "जनरेटर (DG)"}),
    opening="प्रारंभिक रीडिंग",
    closing="अंतिम रीडिंग",
    units="यूनिट (kWh)",
    rate="₹ प्रति यूनिट",
    amount="राशि",
    total="कुल",
    no_use="इस अवधि में बिजली की कोई खपत नहीं हुई।",
    costs="इस अवधि के शुल्क",
    energy="ऊर्जा शुल्क",
    fixed_charge="स्थायी शुल्क",
    tax="कर",
    this_period="इस अवधि का कुल शुल्क",
    account_summary="आपका खाता",
    previous_credit="पिछला शेष (जमा)",
    previous_due="पिछला शेष (बकाया)",
    payments="प्राप्त भुगतान",
    adjustments="समायोजन",
    rounding="पूर्णांकन",
    estimated=(
        "अनुमानित: इन यूनिटों के लिए यह नहीं देखा जा सका कि कौन-सी सप्लाई चालू थी या दर कब बदली। जहाँ दो में "
        "से कोई भी सप्लाई हो सकती थी, वहाँ सस्ती दर लगाई गई है। यूनिट स्वयं मीटर से मापी गई हैं।"
    ),
    one_register=(
        "मीटर दोनों सप्लाई की यूनिट एक ही काउंटर में गिनता है। एक सप्लाई की दो रीडिंग के बीच दूसरी की यूनिट "
        "भी हो सकती हैं।"
    ),
    replaced="इस अवधि में मीटर का डिवाइस बदला गया; हर डिवाइस की अपनी रीडिंग है।",
    made_by="यह बिल मीटर की रीडिंग से कंप्यूटर द्वारा बनाया गया है; हस्ताक्षर के बिना मान्य है।",
)
WORDS: Final = MappingProxyType({words.language: words for words in (ENGLISH, HINDI)})


def words_of(language: str) -> BillWords:
    """Return the words of a language, English where there are none."""
    return WORDS.get(language, ENGLISH)
