"""Where a demand comes from: a text and its article."""

from types import MappingProxyType
from typing import NamedTuple


class Label(NamedTuple):
    """A name in both languages."""

    zh: str
    en: str


class Law(NamedTuple):
    """An article of one of `SOURCES`.

    `sure` is False where the number was cited from memory and a lawyer has yet to compare it with the text; tables
    mark it so.
    """

    source: str
    article: str
    sure: bool = True

    @property
    def zh(self) -> str:
        """Short citation in Chinese."""
        return SOURCES[self.source].zh + (f"第{self.article}条" if self.article else "") + self._mark("（待核）")

    @property
    def en(self) -> str:
        """Short citation in English."""
        return (
            SOURCES[self.source].en + (f" Art {self.article}" if self.article else "") + self._mark(" (to be checked)")
        )

    def _mark(self, text: str) -> str:
        return "" if self.sure else text


SOURCES = MappingProxyType(
    {
        "accord": Label("六市协作约定", "The cities' accord"),
        "penalty_procedure": Label("市场监督管理行政处罚程序规定", "Provisions on Penalty Procedure"),
        "penalty_publicity": Label("市场监督管理行政处罚信息公示规定", "Provisions on Publishing Penalties"),
        "complaints_2026": Label("市场监督管理投诉举报处理办法", "Measures on Complaints"),
        "serious_list": Label("市场监督管理严重违法失信名单管理办法", "Measures on the Serious Violations List"),
        "abnormal_list": Label("企业经营异常名录管理暂行办法", "Interim Measures on the Abnormal List"),
        "repair_2025": Label("市场监督管理信用修复管理办法", "Measures on Credit Repair"),
        "live_commerce": Label("直播电商监督管理办法", "Measures on Live Commerce"),
        "online_trade": Label("网络交易监督管理办法", "Measures on Online Trade"),
        "data_sharing": Label("政务数据共享条例", "Government Data Sharing Regulations"),
    }
)


def accord() -> Law:
    """What no statute says and the cities agreed on among themselves."""
    return Law("accord", "")
