/** `/healthz`, `/livez`, `/readyz`, and one check of each: `/livez/ping`. Any method will do. */
import { checkHealth, type HealthChecks } from '../../../lib/rpc/health.ts';
import { type Answer, NOT_FOUND, plainText } from './answer.ts';
import type { PathRoute } from './http-request.ts';

export interface Health {
	readonly live: HealthChecks;
	readonly ready: HealthChecks;
}

/** @source apiserver/pkg/server/healthz/healthz.go */
export const healthRoute =
	({ live, ready }: Health): PathRoute =>
	async ({ query }, path) => {
		const checksOf: Readonly<Record<string, HealthChecks>> = {
			healthz: live,
			livez: live,
			readyz: { ...live, ...ready },
		};
		const [, root = '', name, ...more] = path.split('/');
		const checks = Object.hasOwn(checksOf, root) ? checksOf[root] : undefined;
		if (checks === undefined) return undefined;
		if (more.length > 0) return NOT_FOUND;
		if (name !== undefined) return oneCheck(checks, name, path);
		const { healthy, text } = await checkHealth(checks, path, query.has('verbose'), query.getAll('exclude'));
		return plainText(healthy ? 200 : 500, text);
	};

async function oneCheck(checks: HealthChecks, name: string, path: string): Promise<Answer> {
	const check = name === 'ping' ? () => undefined : Object.hasOwn(checks, name) ? checks[name] : undefined;
	if (check === undefined) return NOT_FOUND;
	const { healthy } = await checkHealth({ [name]: check }, path, false);
	return healthy ? checkPassed : plainText(500, `internal server error: ${name} failed: reason withheld\n`);
}

/** Without the headers of Go's http.Error, which the other answers have. @source healthz.go adaptCheckToHandler */
const checkPassed: Answer = { status: 200, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: 'ok' };
