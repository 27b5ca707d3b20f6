"""The drift methods: one small file each, one list that names them."""

from collector.evaluate.stattests.abs_text_content_drift import abs_text_content_drift
from collector.evaluate.stattests.anderson import anderson
from collector.evaluate.stattests.base import StatTest as StatTest
from collector.evaluate.stattests.chisquare import chisquare
from collector.evaluate.stattests.cramer_von_mises import cramer_von_mises
from collector.evaluate.stattests.ed import ed
from collector.evaluate.stattests.empirical_mmd import empirical_mmd
from collector.evaluate.stattests.es import es
from collector.evaluate.stattests.fisher_exact import fisher_exact
from collector.evaluate.stattests.g_test import g_test
from collector.evaluate.stattests.hellinger import hellinger
from collector.evaluate.stattests.jensenshannon import jensenshannon
from collector.evaluate.stattests.kl_div import kl_div
from collector.evaluate.stattests.ks import ks
from collector.evaluate.stattests.mannw import mannw
from collector.evaluate.stattests.perc_text_content_drift import perc_text_content_drift
from collector.evaluate.stattests.psi import psi
from collector.evaluate.stattests.t_test import t_test
from collector.evaluate.stattests.tvd import tvd
from collector.evaluate.stattests.wasserstein import wasserstein
from collector.evaluate.stattests.z import z

STATTESTS: tuple[StatTest, ...] = (
    ks,
    wasserstein,
    jensenshannon,
    psi,
    kl_div,
    hellinger,
    anderson,
    cramer_von_mises,
    es,
    mannw,
    t_test,
    ed,
    empirical_mmd,
    chisquare,
    z,
    fisher_exact,
    g_test,
    tvd,
    perc_text_content_drift,
    abs_text_content_drift,
)
