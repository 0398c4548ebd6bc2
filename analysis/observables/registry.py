"""The table of observables by name.

    OBSERVABLES.register(name, gives=Kind, needs=("psi",))            a function (member, **options)
    OBSERVABLES.register(name, gives=Kind, of_series=True)            a function (Series, **options)
    .., along="time")                                                 unless `along` is given

`rule(**options)` refuses values of options that cannot be; `room(samples, **options)` those that a
series of so many samples cannot bear.
"""

from core.registry import Registry

OBSERVABLES = Registry("observable")
