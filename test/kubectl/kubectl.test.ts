/**
 * The commands of a recording with a real kube-apiserver, run by each kubectl that is found. CONTRIBUTING.md shows how
 * to install the binaries.
 */
import assert from 'node:assert/strict';
import { startTestMesh, type TestMesh } from '../mesh/mesh.ts';
import { type ClientVersion, clientVersions, findClients } from './clients.ts';
import { hasPatterns, judge } from './compare.ts';
import { differences } from './differences.ts';
import { type Answer, readCommands, readReviewed, writeReviewed } from './recorded.ts';
import { isRecording, readResults, writeResults } from './results.ts';
import { runKubectl } from './run.ts';
import { answersOf, makeSurroundings } from './suite.ts';

describe('the real kubectl', () => {
	const clients = findClients();
	const commands = readCommands();
	const helper = clients.at(-1);
	const different: Record<string, ClientVersion[]> = {};
	const reviewed = isRecording() ? [] : readReviewed();
	const pinned: { name: string; client: ClientVersion; answer: Answer }[] = [];
	const versions: Partial<Record<ClientVersion, string>> = {};
	let mesh: TestMesh;

	before(async function () {
		if (helper === undefined) return this.skip();
		mesh = await startTestMesh();
	});
	after(async () => mesh?.stopAndRemove());

	for (const version of clientVersions) {
		it(`${version} prints the recorded answers of a real kube-apiserver`, async function () {
			const client = clients.find((one) => one.version === version);
			if (client === undefined || helper === undefined) return this.skip();
			const surroundings = makeSurroundings(mesh);
			const { stdout } = await runKubectl(client.path, ['version', '--client'], surroundings);
			versions[version] = /v1\.\d+\.\d+/.exec(stdout)?.[0] ?? stdout;
			const answers = await answersOf({ client, helper, mesh, surroundings }, commands);
			const problems = commands.flatMap((command) => {
				const answer = answers.get(command.name) ?? assert.fail(command.name);
				const verdict = judge(command, answer, { client: version, rows: differences, reviewed });
				if (verdict.kind === 'same') return [];
				different[command.name] = [...(different[command.name] ?? []), version];
				if (verdict.kind !== 'unknown' && !hasPatterns(verdict.row))
					pinned.push({ name: command.name, client: version, answer });
				if (verdict.kind === 'listed' || (verdict.kind === 'unreviewed' && isRecording())) return [];
				const text = verdict.kind === 'unknown' ? verdict.text : '    has no reviewed answer';
				return [`${command.name}: ${command.args.join(' ')}\n${text}`];
			});
			assert.equal(problems.length, 0, `${problems.length} commands differ\n${problems.join('\n')}`);
		});
	}

	it('differs where docs/conformance.md says so', async function () {
		if (clients.length < clientVersions.length) return this.skip();
		const results = { clients: versions as Record<ClientVersion, string>, different };
		if (isRecording()) await Promise.all([writeResults(results), writeReviewed(pinned)]);
		assert.deepEqual(readResults(), results, 'run TEST_KUBECTL_RECORD=1 npm run test:kubectl, then npm run docs');
	});
});
