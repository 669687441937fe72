/* What people say of themselves. Each gives what is wrong, for a person ("must …"), or NULL. */
#pragma once

#define EMAIL_MAX        254 /* RFC 5321 §4.5.3.1 */
#define DISPLAY_NAME_MAX 80  /* Unicode characters */
#define BIO_MAX          500

/* "local@domain" in printable ASCII, of plausible form. */
const char *email_fault(const char *email);
/* One line without control characters and without those that turn the direction of text or are invisible. */
const char *display_name_fault(const char *name);
/* The same with line breaks; may be empty. */
const char *bio_fault(const char *bio);
