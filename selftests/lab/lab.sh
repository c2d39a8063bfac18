# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The lab's parts, in order.
LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$LAB/common.sh"
. "$LAB/suites.sh"
. "$LAB/trees.sh"
. "$LAB/kernels.sh"
. "$LAB/packages.sh"
. "$LAB/ynl.sh"
