"""The embedded reference gateway: small, correct, and built so that a defect can bend one stage."""

from gatecert.gateways.reference.config import GatewayConfig, KeyRecord, MetadataPolicy
from gatecert.gateways.reference.decisions import Refusal
from gatecert.gateways.reference.gateway import ReferenceGateway, Route

__all__ = [
    "GatewayConfig",
    "KeyRecord",
    "MetadataPolicy",
    "ReferenceGateway",
    "Refusal",
    "Route",
]
