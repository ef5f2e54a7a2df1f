/** The openssl command line, the second opinion of the tests about every certificate. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Run with named files in a directory of its own; answers with standard output, throws when openssl fails. */
export function openssl(args: readonly string[], files: Readonly<Record<string, string>> = {}): string {
	const directory = mkdtempSync(join(tmpdir(), 'openssl-'));
	try {
		for (const [name, contents] of Object.entries(files)) writeFileSync(join(directory, name), contents);
		return execFileSync('openssl', args, { cwd: directory, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
	} finally {
		rmSync(directory, { recursive: true });
	}
}

/** @param atMs  milliseconds since the epoch, the time at which to verify @throws Error  the chain does not verify, by the letter of RFC 5280 */
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
