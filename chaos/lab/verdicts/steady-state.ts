/** Verbs about the whole mesh: its steady state, putting everything back, and the search for secrets. Each has a part where the services are and a part where the nodes are. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KubejoinError } from '../../../lib/errors.ts';
import { makePrivateDirectory } from '../../../lib/files.ts';
import { type Driver, EXIT_MISMATCH, type Result } from '../drivers/driver.ts';
import type { Judged } from './expectations.ts';
import { findSecrets, type NodeFiles, type Searched, textsBelow, textsOfObserver } from './secret-scan.ts';

/** What the part where the nodes are must print. */
async function required(result: Promise<Result>): Promise<string> {
	const { code, stdout, stderr } = await result;
	if (code !== 0) throw new KubejoinError('SERVICE_FAILED', { service: 'the lab', problem: (stderr || stdout).trim() });
	return stdout.trim();
}

/**
 * The steady state: services, nodes, and every verdict that the experiment expects.
 *
 * @returns a line that begins with `steady` or `not steady`, and below it the verdicts
 */
export async function steady(driver: Driver, withinSeconds: number): Promise<Result> {
	const states = await driver.services();
	const odd = states.flatMap(({ name, state, isChanged }) =>
		state === 'running' && !isChanged ? [] : [`${name} is ${isChanged ? 'changed' : state}`],
	);
	const notSteady = (problems: readonly string[], lines: readonly string[]): Result => ({
		code: EXIT_MISMATCH,
		stdout: [`not steady: ${problems.join('; ')}`, ...lines, ''].join('\n'),
		stderr: '',
	});
	if (odd.length > 0)
		return notSteady(odd, [`availability: violated: ${odd.join(', ')}. Restore the services with "bin/lab reset"`]);
	const asked = await required(driver.runInLab(['expectations', '--within', String(withinSeconds)]));
	const { lines, problems } = JSON.parse(asked) as Judged;
	if (problems.length > 0) return notSteady(problems, lines);
	return { code: 0, stdout: [`steady: ${states.length} services run`, ...lines, ''].join('\n'), stderr: '' };
}

/** @returns what was put right, a line each */
export async function reset(driver: Driver): Promise<string> {
	const services = await driver.restore();
	const nodes = (await driver.labExists()) ? await required(driver.runInLab(['reset-nodes'])) : '';
	const done = [...services, ...nodes.split('\n'), ...(await driver.removeLab())].filter((line) => line !== '');
	return done.length === 0 ? 'there was nothing to put back' : done.join('\n');
}

/** When the experiment began, in milliseconds since 1970; 0 when there is none. */
export const startedAtMs = async (driver: Driver): Promise<number> =>
	Number(await required(driver.runInLab(['begun'])));

const journals = (state: string): string => join(state, 'chaos');
const canaryPath = (state: string): string => join(journals(state), 'canary.txt');

/** Put a token's secret where none may be, or take it away again. */
export async function leak(driver: Driver, isThere: boolean, state: string): Promise<string> {
	if (!isThere) {
		await rm(canaryPath(state), { force: true });
		return 'taken away';
	}
	const [secret = ''] = JSON.parse(await required(driver.runInLab(['token-secrets']))) as string[];
	await makePrivateDirectory(journals(state));
	await writeFile(canaryPath(state), `a careless line: ${secret}\n`, { mode: 0o600 });
	return `planted in ${canaryPath(state)}`;
}

/**
 * Search everything that services, nodes and experiments wrote. While an experiment runs, the secrets are those of its own tokens and of the
 * tokens that the cluster keeps, so that what is found does not depend on earlier experiments; otherwise of every token that the lab knows.
 *
 * @param isJudged  with the verdict
 * @returns `secrets found: 0`, or how many and where; and how much was searched for how many secrets
 */
export async function scan(driver: Driver, isJudged: boolean, state: string): Promise<string> {
	const [secrets, runInLab, files] = await Promise.all([
		required(driver.runInLab(['token-secrets'])).then((text) => JSON.parse(text) as string[]),
		required(driver.runInLab(['texts'])).then((text) => JSON.parse(text) as Searched[]),
		required(driver.runInLab(['node-files'])).then((text) => JSON.parse(text) as NodeFiles),
	]);
	const url = await driver.observerUrl();
	const texts: Searched[] = [
		{ where: 'the logs of the services', text: await driver.logs(0) },
		...runInLab,
		...(url === '' ? [] : await textsOfObserver(url)),
		...(await textsBelow(journals(state))),
	];
	const found = [...findSecrets(texts, secrets).map((where) => `in ${where}`), ...files.problems];
	const bytes = texts.reduce((sum, { text }) => sum + text.length, 0);
	const verdict = `security: ${found.length === 0 ? 'held: no secret was found' : 'violated: a secret was found'} where none may be`;
	if (isJudged) await required(driver.runInLab(['record-verdict', verdict]));
	return [
		`secrets found: ${found.length}`,
		...(isJudged ? [verdict] : []),
		...found,
		`searched ${texts.length} texts, ${bytes} bytes, for ${secrets.length} secrets; and ${files.count} files of nodes`,
	].join('\n');
}
