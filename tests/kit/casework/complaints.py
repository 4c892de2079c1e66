"""Complaints for a desk to take in."""

from node.stubs.standard.v1 import complaint_pb2 as pb
from node.stubs.standard.v1 import operator_pb2
from tests.kit.casework.casework_city import with_act
from tests.kit.samples.standards import complaint


def against(region6: str = "340104", **fields: object) -> pb.Complaint:
    """A complaint against a live-stream seller on a platform that shows an address."""
    body = with_act(complaint(), "register")
    assert isinstance(body, pb.Complaint)
    body.ClearField("routed_by")
    body.platform.name = "京东"
    body.displayed_address.CopyFrom(operator_pb2.Address(text="某路1号", region6=region6))
    body.complainant.name, body.complainant.phone = "投诉人某甲某乙", "13900000000"
    for field, value in fields.items():
        setattr(body, field, value)
    return body
