# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2153
# Booting: the overlay that belongs to one run, the machine slots, QEMU and
# User-Mode Linux, and the verdict over the kernel log.

# lab_slot_take qemu|uml: wait for a place. Two places exist on a machine; a
# QEMU takes one of them, a UML both. The descriptors are inherited by the
# virtual machine on purpose: the place is free when the machine is gone. Who
# waits stands in a queue, or a UML would wait as long as any QEMU does.
lab_slot_take() {
	mkdir -p "$LOCKS"
	exec 9>"$LOCKS/queue"
	flock -n 9 || { lab_slot_wait; flock 9; }
	if [ "$1" = uml ]; then
		exec 7>"$LOCKS/slot-1" 8>"$LOCKS/slot-2"
		flock -n 7 || { lab_slot_wait; flock 7; }
		flock -n 8 || { lab_slot_wait; flock 8; }
	else
		lab_slot_any
	fi
	exec 9>&-
}

lab_slot_any() {
	local waiting=0

	while :; do
		exec 7>"$LOCKS/slot-1"
		flock -n 7 && return 0
		exec 7>"$LOCKS/slot-2"
		flock -n 7 && return 0
		[ "$waiting" = 1 ] || lab_slot_wait
		waiting=1
		sleep 1
	done
}

lab_slot_wait() {
	lab_say "waiting for another virtual machine to end" \
		"(at most two QEMUs or one UML run at a time)"
}

# lab_project_copy DIR SUITE: the tree as the guest sees it under /project,
# without the build folder except the suite's own user-space build.
lab_project_copy() {
	local built=$BUILD/user-$2

	mkdir -p "$1"
	# Status 1: a file changed or went meanwhile, as in any tree in use.
	{ tar -C "$TREE" --exclude=./.git --exclude=./build \
		--warning=no-file-changed --warning=no-file-removed -cf - . ||
		[ $? = 1 ]; } | tar -C "$1" -xf -
	if [ -d "$built" ]; then
		mkdir -p "$1/build"
		cp -a "$built" "$1/build/"
		ln -sfn "user-$2" "$1/build/user"
	fi
}

# lab_overlay_modules OVERLAY KERNELDIR KO: put our ovpn.ko where modprobe
# finds it before the in-tree one.
lab_overlay_modules() {
	local release tree

	release=$(cat "$2/release")
	tree=lib/modules/$release
	mkdir -p "$1/moddep/lib/modules" "$1/root/usr/$tree/updates"
	cp -al "$2/modules/$tree" "$1/moddep/lib/modules/"
	mkdir -p "$1/moddep/$tree/updates"
	cp "$3" "$1/moddep/$tree/updates/ovpn.ko"
	# depmod replaces its files, so the hard links keep the originals.
	rm -f "$1/moddep/$tree"/modules.{dep,alias,symbols,softdep,devname}*
	rm -f "$1/moddep/$tree"/modules.{builtin.bin,builtin.alias.bin,weakdep}
	depmod -b "$1/moddep" "$release" 2>/dev/null
	cp "$3" "$1/root/usr/$tree/updates/ovpn.ko"
	cp "$1/moddep/$tree"/modules.* "$1/root/usr/$tree/"
	rm -rf "$1/moddep"
}

lab_cpio() {
	(cd "$1" && find . -mindepth 1 | cpio --quiet -o -H newc)
}

# lab_initrd WORK: root, modules and overlay, one after the other.
lab_initrd() {
	local part

	for part in "$ROOT_DIR/root.cpio" "$KERNEL_DIR/modules.cpio"; do
		cat "$part"
	done >"$1/initrd"
	lab_cpio "$1/root" >>"$1/initrd"
}

# lab_qemu_start WORK: in the background. VM is its process id, STREAM that of
# who writes the command's output.
lab_qemu_start() {
	local work=$1 accel=tcg,thread=multi cpu=max smp=$CPUS extra=()
	local append="console=ttyS0 rdinit=/lab/init panic=-1 oops=panic"

	append+=" loglevel=7 net.ifnames=0 mitigations=off audit=0"
	append+=" random.trust_cpu=on rcupdate.rcu_cpu_stall_timeout=60"
	append+=" tsc=reliable no_timer_check watchdog_thresh=30"
	# see lab_uml_start; older kernels have the other name
	[ "$KERNEL" != lockdep-6.1 ] || append+=" slub_debug=F"
	if [ "$ICOUNT" = 1 ]; then
		accel=tcg,thread=single
		cpu=max,-erms,-fsrm
		smp=1
		extra=(-icount "shift=0,sleep=off")
	elif [ "${OVPN_LAB_KVM:-0}" = 1 ]; then
		accel=kvm
		cpu=host
	fi
	[ -z "${OVPN_LAB_PLUGIN:-}" ] || extra+=(-plugin "$OVPN_LAB_PLUGIN")
	setpriv --pdeathsig KILL qemu-system-x86_64 -machine pc \
		-accel "$accel" -cpu "$cpu" -smp "$smp" -m "$MEM" "${extra[@]}" \
		-nodefaults -display none -no-reboot -nic none \
		-serial "file:$work/kernel.log" -serial "file:$work/output" \
		-serial "file:$work/status" \
		-kernel "$KERNEL_DIR/vmlinuz" -initrd "$work/initrd" \
		-append "$append" </dev/null >"$work/machine.log" 2>&1 &
	VM=$!
	STREAM=$VM
}

# lab_uml_start WORK: UML is a program, so it runs in the chroot that it was
# linked in. Its serial lines are pipes, because it polls them. slab_debug turns
# off the per-CPU arrays of free objects: pointers stay in them after an object
# is handed out, and kmemleak would take those for references.
lab_uml_start() {
	local work=$1 chroot binds debug=slab_debug=F

	[ "$KERNEL" != uml-fast ] || debug=slab_debug=-
	chroot=$(lab_item build-trixie)/root
	mkfifo "$work"/pipe.{kernel,output,status}
	cat <"$work/pipe.kernel" >"$work/kernel.log" &
	READERS=("$!")
	cat <"$work/pipe.status" >"$work/status" &
	READERS+=("$!")
	cat <"$work/pipe.output" >"$work/output" &
	READERS+=("$!")
	STREAM=$!
	binds="$work:/out $KERNEL_DIR:/src:ro $ROOT_DIR/root:/boot:ro"
	binds+=" $LAB/guest:/boot/lab:ro"
	LAB_BINDS="$binds" setpriv --pdeathsig KILL \
		unshare --mount --pid --fork --kill-child \
		bash "$LAB/chroot-enter" "$chroot" /src/linux \
		mem="$MEM" seccomp=on ncpus=2 root=/dev/root rootfstype=hostfs \
		rootflags=/boot ro init=/lab/init-uml loglevel=7 \
		panic=-1 oops=panic "$debug" \
		rcupdate.rcu_cpu_stall_timeout=60 \
		con=null con0=null,fd:10 console=tty0 ssl=null ssl1=null,fd:11 \
		ssl2=null,fd:12 </dev/null >"$work/machine.log" 2>&1 \
		10>"$work/pipe.kernel" 11>"$work/pipe.output" \
		12>"$work/pipe.status" &
	VM=$!
}

# lab_splats LOG: the lines that make a log red.
lab_splats() {
	local line stamp='^(<[0-9]+>)?(\[ *[0-9.]+\](\[ *[TC][0-9]+\])? )?'

	grep -v '^#' "$LAB/splats" | while read -r line; do
		printf '%s(%s)\n' "$stamp" "$line"
	done >"$1.patterns"
	tr -d '\r' <"$1" | grep -a -n -E -f "$1.patterns" || true
	rm -f "$1.patterns"
}
