/** The openssl command line: a second implementation that verifies every certificate. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs openssl in a new directory with these files. @returns standard output @throws Error  openssl failed */
export function openssl(args: readonly string[], files: Readonly<Record<string, string>> = {}): string {
	const directory = mkdtempSync(join(tmpdir(), 'openssl-'));
	try {
		for (const [name, contents] of Object.entries(files)) writeFileSync(join(directory, name), contents);
		return execFileSync('openssl', args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
	} finally {
		rmSync(directory, { recursive: true });
	}
}

/**
 * @param atMs  the time of the verification, in milliseconds since the epoch
 * @throws Error  the chain does not verify by RFC 5280
 */
export function verifyStrictly(
	ca: string,
	certificate: string,
	purpose: 'sslclient' | 'sslserver' | 'any',
	atMs: number,
): void {
	const at = String(Math.floor(atMs / 1000));
	openssl(['verify', '-x509_strict', '-attime', at, '-purpose', purpose, '-CAfile', 'ca.crt', 'leaf.crt'], {
		'ca.crt': ca,
		'leaf.crt': certificate,
	});
}
