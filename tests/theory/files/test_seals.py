import hashlib

import pytest

from convergen.theory.files.seals import EMPTY_SEAL, has_seal, is_sound, sealed

CONTENT = f"before {EMPTY_SEAL} after".encode()


def test_the_digest_is_the_sha256_of_the_file_with_zeros_in_its_place():
    found = sealed(CONTENT)
    digest = hashlib.sha256(CONTENT).hexdigest().encode()
    assert found == CONTENT.replace(b"0" * 64, digest)
    assert is_sound(found)


def test_every_other_file_is_not_sound():
    whole = sealed(CONTENT)
    for at in range(len(whole)):
        assert not is_sound(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not is_sound(whole[:at])
    twice = sealed(CONTENT + EMPTY_SEAL.encode())  # sound but for its second mark
    for other in (b"", b"plain", CONTENT, twice, whole + b" ", whole + whole):
        assert not is_sound(other)


def test_a_file_has_a_seal_or_not():
    assert has_seal(CONTENT)
    assert not has_seal(b"plain")
    with pytest.raises(ValueError, match="not found"):
        sealed(b"plain")
