"""Where a request comes from, as far as that can be believed."""

import ipaddress

from aiohttp.web_request import BaseRequest


def address_of(request: BaseRequest, proxies: int) -> str:
    """The client's address; behind `proxies` proxies of our own, what the outermost of them saw.

    Each proxy appends whom it heard to X-Forwarded-For; what stands further left was written by the client. Of an IPv6
    address its /64, which is one customer's.
    """
    seen = [one.strip() for line in request.headers.getall("X-Forwarded-For", ()) for one in line.split(",")]
    return customer_of(seen[-proxies] if 0 < proxies <= len(seen) else request.remote or "")


def customer_of(text: str) -> str:
    """What one customer's addresses have in common: an IPv4 address whole, of an IPv6 address its /64."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text[:64]
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return text
