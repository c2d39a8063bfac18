/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Ways to tell whether a client may log in that need nobody else. Tokens
 * (section 8.9) stand for a password that has been accepted once: the server
 * makes them, and knows them again by a hash with a key of its own.
 */

struct auth_keys;

#define AUTH_SESSION_LEN	12
#define AUTH_TOKEN_LEN		91
#define AUTH_TOKEN_STRLEN	(AUTH_TOKEN_LEN + 1)
#define AUTH_SESSION_STRLEN	17	/* base64 of a session id */

/**
 * auth_keys_load() - keys of tokens, from a file of --genkey auth-token
 * @text, @len: one or more PEM blocks; tokens are made with the first, and
 *	known by any, so that a key can be replaced while old tokens are in
 *	use. NULL: a random key
 *
 * Return: 0 and @out (freed by auth_keys_free()), -EINVAL for a file without a
 * usable block, -ENOMEM, -EIO.
 */
int auth_keys_load(const char *text, size_t len, struct auth_keys **out);

#define AUTH_KEY_LEN 32

/** auth_keys_new() - one key that is known: AUTH_KEY_LEN bytes; 0 or -ENOMEM */
int auth_keys_new(const uint8_t *key, struct auth_keys **out);
void auth_keys_free(struct auth_keys *keys);

/**
 * struct auth_session - what a token says; the same for all of one login
 * @initial: unix time, when the password was accepted
 */
struct auth_session {
	uint8_t id[AUTH_SESSION_LEN];
	int64_t initial;
};

/** auth_token_make() - a token for @username, valid from @now on; 0 or -EIO */
int auth_token_make(const struct auth_keys *keys, const char *username,
		    const struct auth_session *session, int64_t now,
		    char out[AUTH_TOKEN_STRLEN]);

/** auth_token_is() - does a password look like a token */
bool auth_token_is(const char *password);

enum auth_verdict {
	AUTH_VALID,
	AUTH_EXPIRED,
	AUTH_INVALID,
};

/**
 * struct auth_token_rules - seconds
 * @lifetime: since the password was accepted, 0: without end
 * @renewal: a token is good for twice this time
 */
struct auth_token_rules {
	uint32_t lifetime, renewal;
};

/**
 * auth_token_check() - is @token one of ours, for this name, and good now
 * @session: filled unless it is AUTH_INVALID
 * @is_empty_user: made for the empty name
 */
enum auth_verdict auth_token_check(const struct auth_keys *keys,
				   const struct auth_token_rules *rules,
				   const char *token, const char *username,
				   int64_t now, struct auth_session *session,
				   bool *is_empty_user);

/** auth_session_format() - @session's id as base64; returns @out */
const char *auth_session_format(const struct auth_session *session,
				char out[AUTH_SESSION_STRLEN]);

#endif
