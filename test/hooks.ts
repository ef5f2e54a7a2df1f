/** Hooks of every run of mocha. They refuse an outdated build, and end a run whose tests leave a handle open. */
import { relative } from 'node:path';
import type { RootHookObject } from 'mocha';
import { environment } from '../lib/config.ts';
import { projectPath } from '../lib/paths.ts';
import { newerThanBuild } from './build.ts';

/** Enough for closing sockets and stopping child processes. */
const OPEN_HANDLES_MS = Number(environment().TEST_OPEN_HANDLES_MS ?? 10_000);

/** Tests in test/ run the compiled programs. */
const usesBuild = ({ file = '' }: Mocha.Suite): boolean => relative(projectPath('test'), file).split('/')[0] !== '..';

export const mochaHooks: RootHookObject = {
	beforeAll(this: Mocha.Context) {
		const suites = this.test?.parent?.suites ?? [];
		const newer = suites.some(usesBuild) ? newerThanBuild() : undefined;
		if (newer !== undefined)
			throw new Error(
				`the build in dist is older than ${newer}; run it with npm test -- PATH, or first: npm run build`,
			);
	},
	afterAll() {
		const end = () => {
			process.stderr.write(`error: the tests left open: ${process.getActiveResourcesInfo().join(', ')}\n`);
			// Mocha sets the exit code from the number of failed tests, in a listener that runs before this one.
			process.once('exit', () => {
				process.exitCode ||= 1;
			});
			process.exit();
		};
		setTimeout(end, OPEN_HANDLES_MS).unref();
	},
};
