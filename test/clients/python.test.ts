/** Debian's python3-kubernetes, unmodified, with the kubeconfig of the admin. The checks are in python_client.py. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectPath } from '../../lib/paths.ts';
import { startTestMesh, type TestMesh } from '../mesh/mesh.ts';

const script = projectPath('test/clients/python_client.py');
const FINISH_MS = 200_000;

/** By the name of its check. */
const rules = {
	objects: 'creates, reads, replaces and deletes an object',
	patches: 'patches with each type of patch',
	pages: 'reads a list in pages, and by selectors',
	dry_run: 'writes nothing in a dry run',
	delete_options: 'deletes by precondition, and with each propagation policy',
	refusals: 'raises the Status of each refusal',
	watch: 'resumes a watch after the version of a list or of an event',
	certificates: 'requests a certificate, approves it and reads it',
	tokens: 'requests a token and authenticates with it',
	times: 'writes times with a numeric zone and with microseconds',
	dynamic: 'finds resources by discovery, and creates objects of documents',
};

/** Debian's package belongs to Debian's Python; another one can be first on PATH. */
const findPython = (): string | undefined =>
	['python3', '/usr/bin/python3'].find((path) => spawnSync(path, ['-c', 'import kubernetes']).status === 0);

describe('python3-kubernetes', () => {
	let mesh: TestMesh;
	let errors: ReadonlyMap<string, string | null>;

	before(async function () {
		const python = findPython();
		if (python === undefined) {
			process.stderr.write('no Python with the module kubernetes: the tests of python3-kubernetes are skipped\n');
			return this.skip();
		}
		mesh = await startTestMesh();
		const kubeconfig = join(mesh.state, 'pki/admin/admin.conf');
		const { stdout } = await promisify(execFile)(python, [script, kubeconfig], { timeout: FINISH_MS });
		const results: { check: string; error: string | null }[] = stdout
			.trim()
			.split('\n')
			.map((line) => JSON.parse(line));
		errors = new Map(results.map(({ check, error }) => [check, error]));
		assert.deepEqual([...errors.keys()], Object.keys(rules));
	});
	after(() => mesh?.stopAndRemove());

	for (const [check, rule] of Object.entries(rules))
		it(rule, () => {
			const error = errors.get(check);
			if (error !== null) assert.fail(error);
		});
});
