"""What a Redis URL says, and that a wrong one is refused with what was expected, without its password."""

from pathlib import Path

import pytest

from collector.buffer.redis.address import Address, Kind, parse
from collector.errors import Invalid


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://localhost", Address(Kind.SERVER, [("localhost", 6379)])),
        ("redis://:s3cret@h:1/4", Address(Kind.SERVER, [("h", 1)], 4, login={"password": "s3cret"})),
        (
            "redis://us%40er:p%2Fw%3A@h",
            Address(Kind.SERVER, [("h", 6379)], login={"username": "us@er", "password": "p/w:"}),
        ),
        ("rediss://[::1]:7/0", Address(Kind.SERVER, [("::1", 7)], tls={})),
        ("rediss://h?ssl_cert_reqs=none", Address(Kind.SERVER, [("h", 6379)], tls={"ssl_cert_reqs": "none", "ssl_check_hostname": False})),
        ("rediss://h?ssl_check_hostname=no", Address(Kind.SERVER, [("h", 6379)], tls={"ssl_check_hostname": False})),
        ("redis+sentinel://a,b:7/main", Address(Kind.SENTINEL, [("a", 26379), ("b", 7)], service="main")),
        (
            "redis+sentinel://u:p@a/main/3?sentinel_username=w&sentinel_password=q",
            Address(
                Kind.SENTINEL, [("a", 26379)], 3, "main", {"username": "u", "password": "p"},
                {"username": "w", "password": "q"},
            ),
        ),
        ("redis+cluster://a,b:7,c/", Address(Kind.CLUSTER, [("a", 6379), ("b", 7), ("c", 6379)])),
        ("rediss+cluster://a/0", Address(Kind.CLUSTER, [("a", 6379)], tls={})),
    ],
)  # fmt: skip
def test_a_url_says_where_and_how(url: str, expected: Address) -> None:
    assert parse(url) == expected


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("redis://:s3cret@h:port/0", "not a host and port"),
        ("redis://:s3cret@a,b/0", "several servers"),
        ("redis://:s3cret@h/zero", "no database number"),
        ("redis://:s3cret@h/1/2", "no database number"),
        ("redis+sentinel://:s3cret@h", "what the Sentinels call the primary"),
        ("redis+cluster://:s3cret@h/1", "no database but 0"),
        ("rediss://:s3cret@h?ssl_ca_cert=/x", "did you mean 'ssl_ca_certs'"),
        ("rediss://:s3cret@h?ssl_ca_certs=/not/there.pem", "there is no file /not/there.pem"),
        ("rediss://:s3cret@h?ssl_cert_reqs=maybe", "required or none"),
        ("rediss://:s3cret@h?ssl_check_hostname=maybe", "true or false"),
        ("redis://:s3cret@h?ssl_cert_reqs=none", "expected rediss://"),
    ],
)
def test_a_wrong_url_is_refused_with_what_is_wrong_and_without_its_password(url: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence) as caught:
        parse(url)
    assert "s3cret" not in str(caught.value)
    assert caught.value.place == {"variable": "COLLECTOR_BUFFER_URL"}


def test_an_address_shows_no_password() -> None:
    assert "s3cret" not in repr(parse("redis+sentinel://:s3cret@h/main?sentinel_password=s3cret"))


def test_files_of_a_certificate_may_be_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("")
    assert parse(f"rediss://h?ssl_ca_certs={file}").tls == {"ssl_ca_certs": str(file)}
