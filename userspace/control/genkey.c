// SPDX-License-Identifier: GPL-2.0-or-later
/* Key files for the control channel (sections 1.7, 2.1 and 8.9). */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/control.h"
#include "mem/mem.h"

/* DATA of --genkey: base64 of what the metadata may hold beside its type. */
static int metadata_of(const char *base64, uint8_t *out, size_t *len)
{
	size_t text_len = strlen(base64), padding = 0;
	uint8_t raw[WRAP_V2_METADATA_MAX + 3];
	int n;

	if (!text_len || text_len % 4 ||
	    text_len / 4 * 3 > WRAP_V2_METADATA_MAX + 1)
		return -EINVAL;
	while (padding < 2 && base64[text_len - 1 - padding] == '=')
		padding++;
	n = EVP_DecodeBlock(raw, (const uint8_t *)base64, (int)text_len);
	if (n < 0 || (size_t)n - padding >= WRAP_V2_METADATA_MAX)
		return -EINVAL;
	out[0] = WRAP_V2_METADATA_USER;
	*len = (size_t)n - padding;
	memcpy(out + 1, raw, *len);
	*len += 1;
	return 0;
}

static void metadata_now(uint8_t *out, size_t *len)
{
	struct mem_writer wr;

	mem_writer_init(&wr, out, WRAP_V2_METADATA_MAX);
	mem_write_u8(&wr, WRAP_V2_METADATA_TIMESTAMP);
	mem_write_be64(&wr, (uint64_t)time(NULL));
	*len = wr.len;
}

static int make_v2_client(const struct config *cfg, char *text)
{
	uint8_t server_key[WRAP_V2_SERVER_KEY_LEN];
	uint8_t metadata[WRAP_V2_METADATA_MAX];
	struct wrap_v2_client client;
	struct wrap_v2 *v2 = NULL;
	size_t len = 0;
	int ret;

	if (!cfg->genkey_data)
		metadata_now(metadata, &len);
	else if (metadata_of(cfg->genkey_data, metadata, &len)) {
		fprintf(stderr, "genkey: DATA has to be base64 of at most %d bytes\n",
			WRAP_V2_METADATA_MAX - 1);
		return -EINVAL;
	}
	ret = wrap_v2_server_parse(cfg->tls_crypt_v2.text,
				   cfg->tls_crypt_v2.len, server_key);
	if (ret)
		fprintf(stderr, "%s: not a tls-crypt-v2 server key\n",
			cfg->tls_crypt_v2.path);
	if (!ret)
		ret = wrap_v2_new(server_key, &v2);
	if (!ret)
		ret = keygen_random(client.key, sizeof(client.key));
	if (!ret)
		ret = wrap_v2_seal(v2, &client, metadata, len);
	if (!ret)
		ret = wrap_v2_client_format(&client, text);
	wrap_v2_free(v2);
	mem_wipe(server_key, sizeof(server_key));
	mem_wipe(&client, sizeof(client));
	return ret;
}

static int make_v2_server(char *text)
{
	uint8_t key[WRAP_V2_SERVER_KEY_LEN];
	int ret = keygen_random(key, sizeof(key));

	if (!ret)
		ret = wrap_v2_server_format(key, text);
	mem_wipe(key, sizeof(key));
	return ret;
}

static int make_auth_token(char *text)
{
	uint8_t key[WRAP_V2_SERVER_KEY_LEN];
	int ret = keygen_random(key, sizeof(key));

	if (!ret)
		ret = wrap_token_key_format(key, text);
	mem_wipe(key, sizeof(key));
	return ret;
}

static int make_secret(char *text)
{
	uint8_t key[WRAP_STATIC_KEY_LEN];
	int ret = keygen_random(key, sizeof(key));

	if (!ret)
		wrap_static_key_format(key, text);
	mem_wipe(key, sizeof(key));
	return ret;
}

static int make(const struct config *cfg, char *text)
{
	switch (cfg->genkey) {
	case CONFIG_GENKEY_NONE:
		break;
	case CONFIG_GENKEY_SECRET:
		return make_secret(text);
	case CONFIG_GENKEY_V2_SERVER:
		return make_v2_server(text);
	case CONFIG_GENKEY_V2_CLIENT:
		return make_v2_client(cfg, text);
	case CONFIG_GENKEY_AUTH_TOKEN:
		return make_auth_token(text);
	}
	return -EINVAL;
}

/* Readable by the owner only, and never in place of another key. */
static int write_file(const char *path, const char *text)
{
	size_t len = strlen(text);
	int fd = STDOUT_FILENO, ret = 0;
	ssize_t n;

	if (path)
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n < 0 || (size_t)n != len)
		ret = n < 0 ? -errno : -ENOSPC;
	if (path && close(fd) && !ret)
		ret = -errno;
	/* half a key would keep the next try from making a whole one */
	if (path && ret)
		unlink(path);
	return ret;
}

int control_genkey(const struct config *cfg)
{
	const char *path = cfg->genkey_path;
	char text[WRAP_FILE_MAX];
	int ret;

	ret = make(cfg, text);
	if (ret) {
		fprintf(stderr, "genkey: cannot make the key: %s\n",
			strerror(-ret));
	} else {
		ret = write_file(path, text);
		if (ret)
			fprintf(stderr, "genkey: cannot write %s: %s\n",
				path ? path : "to standard output",
				strerror(-ret));
	}
	mem_wipe(text, sizeof(text));
	return ret ? 1 : 0;
}
