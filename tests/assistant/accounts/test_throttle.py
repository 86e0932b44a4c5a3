from __future__ import annotations

from assistant.accounts.throttle import AT_ADDRESS, LOCKED, Throttle


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_guessing_is_slowed_then_locked_and_only_there():
    clock = Clock()
    throttle = Throttle(clock)
    waits = []
    for _ in range(AT_ADDRESS):
        clock.now += throttle.wait("anna", "1.1.1.1")
        throttle.failed("anna", "1.1.1.1")
        waits.append(throttle.wait("anna", "1.1.1.1"))
    assert waits[:3] == [0, 0, 0]
    assert waits[3:] == [1, 2, 4, 8, 16, 32, LOCKED]
    assert throttle.wait("anna", "2.2.2.2") == 0
    assert throttle.wait("ben", "1.1.1.1") == 0
    clock.now += LOCKED
    assert throttle.wait("anna", "1.1.1.1") == 0


def test_an_address_that_tries_many_names_is_locked():
    throttle = Throttle(Clock())
    for number in range(50):
        throttle.failed(f"name-{number}", "1.1.1.1")
    assert throttle.wait("anna", "1.1.1.1") == LOCKED
    assert throttle.wait("anna", "2.2.2.2") == 0


def test_a_name_that_is_tried_from_everywhere_is_locked():
    throttle = Throttle(Clock())
    for number in range(100):
        throttle.failed("anna", f"1.1.1.{number}")
    assert throttle.wait("anna", "3.3.3.3") == LOCKED
    assert throttle.wait("ben", "3.3.3.3") == 0


def test_the_right_password_forgives_the_wrong_ones_before():
    throttle = Throttle(Clock())
    for _ in range(5):
        throttle.failed("anna", "1.1.1.1")
    throttle.succeeded("Anna", "1.1.1.1")
    assert throttle.wait("anna", "1.1.1.1") == 0
