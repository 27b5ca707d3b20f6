"""The drift methods: one small file each, one list that names them."""

from collector.evaluate.stattests.base import StatTest as StatTest
from collector.evaluate.stattests.chisquare import chisquare
from collector.evaluate.stattests.jensenshannon import jensenshannon
from collector.evaluate.stattests.kl_div import kl_div
from collector.evaluate.stattests.ks import ks
from collector.evaluate.stattests.psi import psi
from collector.evaluate.stattests.wasserstein import wasserstein
from collector.evaluate.stattests.z import z

STATTESTS: tuple[StatTest, ...] = (ks, wasserstein, jensenshannon, psi, kl_div, chisquare, z)
