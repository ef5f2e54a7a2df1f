/**
 * Whether a server's certificate is for the host that a client means, with Go's rules and texts on every version of
 * Node: addresses compare by bytes, names without case, a wildcard is the whole leftmost label, and the common name
 * does not count.
 */
import type { X509Certificate } from 'node:crypto';
import { ipBytes } from '../address.ts';
import { causeText } from '../errors.ts';
import { limits } from '../limits.ts';
import { type CertificateParts, namesOf, partsOf } from './certificate.ts';
import { commonNameOf } from './names.ts';
import { oids } from './oids.ts';

/**
 * Why a certificate is not for a host; undefined when it is.
 *
 * @param host  a DNS name, or an IP address with or without brackets; an address with a zone is in no certificate
 * @source  crypto/x509 VerifyHostname and HostnameError, without `x509: `
 */
export function serverNameProblem(certificate: X509Certificate, host: string): string | undefined {
	try {
		return problemOf(partsOf(certificate), host);
	} catch (error) {
		return `malformed certificate: ${causeText(error)}`;
	}
}

function problemOf(parts: CertificateParts, host: string): string | undefined {
	const names = namesOf(parts.extensions);
	const unbracketed = /^\[.+\]$/.test(host) ? host.slice(1, -1) : host;
	const address = ipBytes(unbracketed);
	if (address !== undefined) {
		return names.ip.some((name) => ipBytes(name)?.equals(address)) ? undefined : addressProblem(names.ip, unbracketed);
	}
	if (names.dns.some((pattern) => isFor(pattern, lowerCase(host)))) return undefined;
	return nameProblem(parts, names.dns, host);
}

function addressProblem(addresses: readonly string[], host: string): string {
	if (addresses.length === 0) return `cannot validate certificate for ${host} because it doesn't contain any IP SANs`;
	if (addresses.length >= limits.listedServerNames.value)
		return `certificate is valid for ${addresses.length} IP SANs, but none matched ${host}`;
	return `certificate is valid for ${addresses.join(', ')}, not ${host}`;
}

function nameProblem({ extensions, subjectNode }: CertificateParts, names: readonly string[], host: string): string {
	if (!extensions.has(oids.subjectAltName) && matches(commonNameOf(subjectNode), host))
		return 'certificate relies on legacy Common Name field, use SANs instead';
	if (names.length >= limits.listedServerNames.value)
		return `certificate is valid for ${names.length} names, but none matched ${host}`;
	const listed = names.join(', ');
	return listed === ''
		? `certificate is not valid for any names, but wanted to match ${host}`
		: `certificate is valid for ${listed}, not ${host}`;
}

/** An invalid host name, such as `a..b`, matches only if it is equal. */
function isFor(pattern: string, host: string): boolean {
	if (isHostName(host, false) && isHostName(pattern, true)) return matches(pattern, host);
	return !['', '.'].includes(host) && lowerCase(pattern) === host;
}

function matches(pattern: string, host: string): boolean {
	const wanted = lowerCase(pattern).split('.');
	const found = lowerCase(host).replace(/\.$/, '').split('.');
	return (
		pattern !== '' &&
		host !== '' &&
		wanted.length === found.length &&
		wanted.every((label, i) => (i === 0 && label === '*') || label === found[i])
	);
}

function isHostName(text: string, isPattern: boolean): boolean {
	const host = isPattern ? text : text.replace(/\.$/, '');
	if (host === '*') return false;
	return host
		.split('.')
		.every((label, i) => (isPattern && i === 0 && label === '*') || /^[A-Za-z0-9_][A-Za-z0-9_-]*$/.test(label));
}

const lowerCase = (text: string): string => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
