# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for ovpnctl(8)

_ovpnctl_devices() {
	local socket

	for socket in /run/ovpnd/*.sock; do
		[ -S "$socket" ] && basename "$socket" .sock
	done
	ip -o link show type ovpn 2>/dev/null |
		sed -n 's/^[0-9]*: \([^:@]*\).*/\1/p'
}

_ovpnctl_clients() {
	ovpnctl -j peer show 2>/dev/null |
		sed -n 's/.*"common_name": *"\([^"]*\)".*/\1/p'
}

_ovpnctl() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local choices

	case $before in
	--control)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	explain | kill | to) choices=$(_ovpnctl_clients) ;;
	dev) choices=$(_ovpnctl_devices) ;;
	peer | peers) choices="show kill" ;;
	session | sessions) choices="show $(_ovpnctl_clients)" ;;
	show | monitor | status | doctor | reload | restart) choices="dev $(_ovpnctl_devices)" ;;
	*) choices="status peer session monitor push explain doctor reload restart" ;;
	esac
	[[ $word != -* ]] || choices="--json --control --help --version"
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _ovpnctl ovpnctl
