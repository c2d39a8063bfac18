// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's MSS clamp over packets of anybody: it stays inside the packet,
 * changes nothing but values of MSS options and the checksum, a right checksum
 * stays right, and a second time there is nothing left to do.
 */
#include "fuzz.h"
#include "kmod/kmod.h"

#include "../../kmod/mss.c"

static u16 fold(const u8 *data, size_t len)
{
	u32 sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? data[i] : (u32)data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	/* two ways to write zero */
	return (u16)(sum == 0xffff ? 0 : sum);
}

static void check_change(const u8 *old, const u8 *new, size_t len, size_t tcp,
			 u16 max)
{
	size_t i, end = tcp + (old[tcp + 12] >> 4) * 4;

	FUZZ_CHECK(end <= len);
	for (i = 0; i < len; i++)
		if (i < tcp + 16 || i >= end || (i >= tcp + 18 && i < tcp + 20))
			FUZZ_CHECK(old[i] == new[i]);
	/* whatever is outside the packet by its own length is not changed, so
	 * it can be in the sum
	 */
	FUZZ_CHECK(fold(old + tcp, len - tcp) == fold(new + tcp, len - tcp));
	for (i = tcp + 20; i < end; i++)
		if (old[i] != new[i])
			FUZZ_CHECK(new[i] == max >> 8 || new[i] == (max & 255));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t tcp, len = size < 2 ? 0 : size - 2;
	u8 *packet;
	u16 max;

	if (size < 2)
		return 0;
	max = (u16)(data[0] << 8 | data[1]);
	data += 2;
	packet = malloc(len ? len : 1);
	FUZZ_CHECK(packet);
	memcpy(packet, data, len);

	tcp = dco_mss_find_syn(packet, len);
	FUZZ_CHECK(!tcp || tcp + 20 <= len);
	if (tcp && dco_mss_clamp(packet, len, tcp, max)) {
		check_change(data, packet, len, tcp, max);
		FUZZ_CHECK(!dco_mss_clamp(packet, len, tcp, max));
	} else {
		FUZZ_CHECK(!memcmp(packet, data, len));
	}
	free(packet);
	return 0;
}
