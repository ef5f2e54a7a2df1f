import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../lib/process-supervisor.ts';

describe('the command line of the lab, where no mesh runs', () => {
	let state: string;
	before(() => {
		state = mkdtempSync(join(tmpdir(), 'kubejoin-lab-'));
	});
	after(() => rmSync(state, { recursive: true }));

	type Variables = Readonly<Record<string, string>>;
	const lab = (args: readonly string[], mesh: Variables = { CHAOS_MESH: 'local' }) =>
		runProgram({
			name: 'lab',
			program: 'chaos/lab/main.js',
			args,
			variables: { ...mesh, CHAOS_STATE: state },
		});
	async function refused(args: readonly string[], problem: RegExp, exitCode = 1, mesh?: Variables): Promise<void> {
		const { code, stdout, stderr } = await lab(args, mesh);
		assert.deepEqual([code, stdout], [exitCode, ''], stderr);
		assert.match(stderr, problem);
	}

	it('prints help without a mesh, with a description of every verb', async () => {
		const { code, stdout, stderr } = await lab(['--help']);
		assert.deepEqual([code, stderr], [0, '']);
		const [, commands = ''] = /\nCommands:\n([\s\S]*?)\n\n/.exec(stdout) ?? [];
		const verbs = commands.split('\n');
		assert.ok(verbs.length > 20);
		for (const line of verbs.filter((text) => /^ {2}\S/.test(text))) assert.match(line, /^ {2}\S.*? {2,}\S/, line);
		assert.ok(!/token-secrets|texts|reset-nodes/.test(stdout), 'a verb that only the lab itself calls is shown');
	});

	it('refuses wrong arguments with exit code 3, without a mesh', async () => {
		const refusals: readonly (readonly [readonly string[], RegExp])[] = [
			[['explode'], /unknown command 'explode'/],
			[['join', 'n'], /required option '--token <name>' not specified/],
			[['join', '../n', '--token', 't'], /'\.\.\/n' is invalid.*letters, digits/],
			[['join', 'n', '--token', 't', '--nodes', 'many'], /It must be a whole number from 1 to 1000/],
			[['node', 'n', '--until', '('], /argument '\(' is invalid.*Unterminated group/],
			[['logs', '('], /'\(' is invalid.*Unterminated group/],
			[['attack', 'm', '--mode', 'charm'], /Allowed choices are relay/],
			[['service', 'change', 'ca-service', '--set', 'LAB'], /It must be NAME=VALUE/],
		];
		await Promise.all(refusals.map(([args, problem]) => refused(args, problem, 3)));
	});

	it('is LAB_UNREACHABLE if no mesh runs, or no longer runs', async () => {
		await refused(['node', 'n'], /LAB_UNREACHABLE[\s\S]*npm start/);
		mkdirSync(join(state, 'lab'));
		writeFileSync(join(state, 'lab/control.json'), JSON.stringify({ url: 'http://127.0.0.1:1', key: 'k' }));
		await refused(['steady'], /does not run any more[\s\S]*LAB_UNREACHABLE/);
	});

	it('is LAB_UNREACHABLE with both reasons if no mesh was chosen and none runs', async () => {
		const noDocker = { DOCKER_HOST: `unix://${state}/docker.sock` };
		await refused(['steady'], /control\.json[\s\S]* and [\s\S]*Docker[\s\S]*npm start/, 1, noDocker);
	});

	it('refuses an unknown kind of mesh in CHAOS_MESH with CONFIG_INVALID', async () => {
		await refused(
			['steady'],
			/CHAOS_MESH="cloud" cannot be used: it must be local or compose[\s\S]*CONFIG_INVALID/,
			2,
			{ CHAOS_MESH: 'cloud' },
		);
	});
});
