/**
 * The experiments' command line: `node dist/scripts/lab.js VERB …`. Each verb makes one fault, or looks at one thing and prints what it saw. Verbs about
 * nodes, tokens and attackers run where the nodes are; those about services run here. Wiring and words; the work is in scripts/lab.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { integer } from '../lib/config.ts';
import { asKubejoinError, causeText, KubejoinError } from '../lib/errors.ts';
import { wellKnown } from '../lib/kube/types.ts';
import { errorForPeople, maskTokens } from '../lib/log.ts';
import { parseCertificates } from '../lib/pki/certificate.ts';
import { spkiPin } from '../lib/pki/pin.ts';
import { type AttackFlags, attackReport, attackText, startAttacker } from './lab/attackers.ts';
import { removeBinding } from './lab/bindings.ts';
import { decide } from './lab/decide.ts';
import { type Driver, type Result, type Stealable, stealable } from './lab/driver.ts';
import { certificatesBy, judgeAvailability, judgeSecurity } from './lab/judge.ts';
import { matrixText, runMatrix } from './lab/matrix.ts';
import { type JoinFlags, joinNode, kubeconfigOf, nodeText, removeNode } from './lab/nodes.ts';
import { type Lab, openLab } from './lab/open.ts';
import { BEGUN, type Place } from './lab/place.ts';
import { type Pipeline, pipelinePin, replaceNode, runAsUser, setUserKubeconfig, tryStolen } from './lab/programs.ts';
import { resetPlace } from './lab/reset.ts';
import { secretsOf, textsInside } from './lab/scan.ts';
import { recordHalfJoined, recordSkew, skewText } from './lab/skew.ts';
import { startProgram } from './lab/start-program.ts';
import { killDuringJoins } from './lab/steps.ts';
import { awaitExpiry, createToken, deleteToken, flushTokens, type TokenFlags, tokenOf, tokenState } from './lab/tokens.ts';
import { begunMs, leak, reset, scan, steady } from './lab/whole.ts';
import { createWire, edges, parseEdge } from './lab/wire.ts';
import { type YearQuestion, yearText } from './lab/year.ts';

/** What a probe waited for did not come. */
const EXIT_UNLIKE = 1;
const LOOK_AGAIN_MS = 100;

interface Until {
	readonly until?: RegExp;
	readonly within: number;
}
/** Text, or text with the exit code of another program. */
type Printed = string | Result;

/** One call of the lab: its program, with what it printed. */
function createProgram(lab: Lab, args: readonly string[], print: (result: Result) => void): Command {
	const program = new Command('lab').description('Make one fault in a mesh, or look at one thing of it').exitOverride().enablePositionalOptions();
	program.configureHelp({ helpWidth: 80, minWidthToWrap: 20 });
	const done = (printed: Printed) => print(typeof printed === 'string' ? { code: 0, stdout: `${printed}\n`, stderr: '' } : printed);

	/** A verb that runs where the nodes are. */
	const there =
		<A extends unknown[]>(run: (place: Place, ...values: A) => Promise<Printed>) =>
		async (...values: [...A, Command]) => {
			const { place, driver } = lab;
			if (place !== undefined) done(await run(place, ...(values.slice(0, -1) as A)));
			else if (driver !== undefined) done(await driver.inside(args));
		};
	/** A verb that runs where the services are kept. */
	const here =
		<A extends unknown[]>(run: (driver: Driver, ...values: A) => Promise<Printed>) =>
		async (...values: [...A, Command]) => {
			if (lab.driver === undefined) throw new KubejoinError('LAB_UNREACHABLE', { problem: 'this verb cannot run where only nodes are' });
			done(await run(lab.driver, ...(values.slice(0, -1) as A)));
		};

	addTokens(program, there);
	addNodes(program, there);
	addAttackers(program, there, here, lab);
	addMatrix(program, there, here);
	addServices(program, there, here);
	addLooking(program, there, here);
	return program;
}
type There = <A extends unknown[]>(run: (place: Place, ...values: A) => Promise<Printed>) => (...values: [...A, Command]) => Promise<void>;
type Here = <A extends unknown[]>(run: (driver: Driver, ...values: A) => Promise<Printed>) => (...values: [...A, Command]) => Promise<void>;

const whole = (min: number, max: number) => (value: string) => {
	try {
		return integer(min, max)(value);
	} catch (error) {
		throw new InvalidArgumentError(`It must be ${causeText(error)}.`);
	}
};
const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];
const pattern = (value: string): RegExp => {
	try {
		return new RegExp(value, 'm');
	} catch (error) {
		throw new InvalidArgumentError(causeText(error));
	}
};
const untilOptions = (command: Command): Command =>
	command.option('--until <regex>', 'look again until what is seen matches', pattern).option('--within <seconds>', 'for how long at most', whole(0, 600), 10);

/** Look until the pattern is there; exit code 1 when it is not. Without a pattern, look once. */
async function lookUntil(look: () => Promise<string>, { until, within }: Until): Promise<Result> {
	for (const end = Date.now() + within * 1_000; ; await delay(LOOK_AGAIN_MS)) {
		const seen = await look();
		const isThere = until === undefined || until.test(seen);
		if (isThere || Date.now() > end) return { code: isThere ? 0 : EXIT_UNLIKE, stdout: `${seen}\n`, stderr: '' };
	}
}

function addTokens(program: Command, there: There): void {
	const token = program.command('token').description('bootstrap tokens, each under a name of the experiment');
	token
		.command('create <name>')
		.option('--ttl <duration>', 'how long it lives', '15m')
		.option('--usages <list>', 'signing, authentication')
		.option('--once', 'good for one node')
		.option('--node-name <name>', 'good for this node only')
		.action(there(async (place, name: string, flags: TokenFlags) => `token ${await createToken(place, name, flags)} is made`));
	token.command('delete <name>').action(there(async (place, name: string) => `token ${await deleteToken(place, name)} is deleted`));
	token
		.command('expire <name>')
		.description('wait until it has expired')
		.action(
			there(async (place, name: string) => {
				await awaitExpiry(place, name);
				return `${name} has expired`;
			}),
		);
	untilOptions(token.command('state <name>').description('whether the cluster keeps it, and signs cluster-info with it')).action(
		there((place, name: string, until: Until) => lookUntil(() => tokenState(place, name), until)),
	);
	token
		.command('flush')
		.description('delete every token of the cluster; reset brings them back')
		.action(there(async (place) => `${await flushTokens(place)} tokens are gone`));
	program.command('token-secrets', { hidden: true }).action(there(async (place) => JSON.stringify(await secretsOf(place))));
}

function addNodes(program: Command, there: There): void {
	program
		.command('join <node>')
		.description('start a node; wait until it has joined, was refused, or is paused')
		.requiredOption('--token <name>', 'of the experiment')
		.option('--pin <pin>', 'right, wrong (by one digit), other (another cluster), none, or a text', 'right')
		.option('--through <attacker>', 'dial this attacker instead of the API server')
		.option('--endpoint <host:port>', 'dial this instead of the API server')
		.option('--token-text <text>', 'show this instead of the token')
		.option('--discovery <duration>', 'how long it looks for the cluster', '8s')
		.option('--bootstrap <duration>', 'how long it waits for its certificate', '30s')
		.option('--skip-ca-verification', 'unsafeSkipCAVerification')
		.option('--pause-after <text>', 'pause it when it prints this')
		.option('--clock <offset>', 'its clock is wrong by this: +600s')
		.option('--nodes <number>', 'so many in one process', whole(1, 1_000))
		.option('--node-name <name>', 'default: the name here')
		.option('--no-wait', 'do not wait')
		.action(there((place, node: string, flags: JoinFlags) => joinNode(place, node, flags)));
	untilOptions(program.command('node <node>').description('what became of it, and what it printed')).action(
		there((place, node: string, until: Until) => lookUntil(async () => nodeText(await place.control.worker(node)), until)),
	);
	for (const [verb, signal, what] of [
		['pause', 'SIGSTOP', 'paused'],
		['continue', 'SIGCONT', 'goes on'],
		['kill', 'SIGKILL', 'killed'],
	] as const) {
		program.command(`${verb} <node>`).action(
			there(async (place, node: string) => {
				await place.control.signalWorker(node, signal);
				return `${node}: ${what}`;
			}),
		);
	}
	program
		.command('again <node>')
		.description('start it again after it has ended')
		.action(
			there(async (place, node: string) => {
				await place.control.againWorker(node);
				return `${node}: started again`;
			}),
		);
	program.command('remove <node>').action(
		there(async (place, node: string) => {
			await removeNode(place, node);
			return `${node}: removed`;
		}),
	);
	program
		.command('year <node>')
		.description('when its nodes rotated their certificates')
		.requiredOption('--nodes <number>', 'that are to rotate', whole(1, 1_000))
		.option('--times <number>', 'how often each', whole(1, 100), 2)
		.option('--within <seconds>', 'for how long at most', whole(1, 600), 60)
		.action(
			there((place, node: string, { within, ...rest }: Omit<YearQuestion, 'withinSeconds'> & { within: number }) =>
				yearText(place, node, { ...rest, withinSeconds: within }),
			),
		);
}

function addAttackers(program: Command, there: There, here: Here, lab: Lab): void {
	const modes = ['relay', 'sink', 'replay', 'forge-unsigned', 'forge-invented-jws', 'forge-signed', 'append-ca', 'alter-second', 'impersonate'];
	program
		.command('attack <name>')
		.description('start an attacker between nodes and the API server')
		.addOption(new Option('--mode <mode>', 'what it does').choices(modes).makeOptionMandatory())
		.option('--token <name>', 'that it has stolen')
		.option('--unnamed', 'it listens on an address that is not in the certificate of the API server')
		.option('--ca-key <file>', 'that it has stolen; steal prints it')
		.action(
			there(async (place, name: string, flags: AttackFlags) => {
				await startAttacker(place, name, flags);
				return `${name} listens on ${(await attackReport(place, name)).listening}`;
			}),
		);
	untilOptions(program.command('attacker <name>').description('what it saw and got')).action(
		there((place, name: string, until: Until) => lookUntil(async () => attackText(name, await attackReport(place, name)), until)),
	);
	program
		.command('steal <thing>')
		.description(`one of ${stealable.join(', ')}; prints the directory that holds it`)
		.action(here((driver, thing: string) => driver.steal(oneOfStealable(thing))));
	program
		.command('try [arguments...]')
		.description('run a command of attacker-sim; {target}, {cluster-ca}, {address:SERVICE}, {token:NAME}, {kubeconfig:NODE}, {stolen} are filled in')
		.option('--stolen <directory>', 'what steal printed')
		.option('--steal <thing>', 'steal this first')
		.passThroughOptions()
		.action(async (values: string[], { stolen, steal }: { stolen?: string; steal?: string }, command: Command) => {
			if (steal === undefined || lab.driver === undefined) {
				await there((place, given: string[]) => tryStolen(place, given, stolen))(values, command);
				return;
			}
			const directory = await lab.driver.steal(oneOfStealable(steal));
			await here((driver, given: string[]) => driver.inside(['try', '--stolen', directory, ...given]))(values, command);
		});
}

function addMatrix(program: Command, there: There, here: Here): void {
	program
		.command('matrix')
		.description('the attack matrix: every power and document against a node with a pin and one without; exit code 1 when a cell is not as written')
		.option('--stolen <directory>', 'that holds ca.key; default: it is stolen first')
		.action(async ({ stolen }: { stolen?: string }, command: Command) => {
			if (stolen !== undefined) {
				await there((place) => matrixOf(place, stolen))(command);
				return;
			}
			await here(async (driver) => driver.inside(['matrix', '--stolen', await driver.steal('ca-key')]))(command);
		});
}

async function matrixOf(place: Place, stolen: string): Promise<Result> {
	const { endpoint, clusterCa } = place.info;
	await createToken(place, 'matrix', { ttl: '15m' });
	try {
		const rows = await runMatrix({
			endpoint,
			clusterCa,
			caKey: join(stolen, 'ca.key'),
			pin: spkiPin(parseCertificates(await readFile(clusterCa, 'utf8'))[0]),
			createToken: async () => (await tokenOf(place, 'matrix')).token,
			start: startProgram,
			deleteNode: (name) => place.api.nodes.delete(name),
			directory: place.directory,
			say: (line) => process.stderr.write(`${line}\n`),
		});
		return { code: rows.every(({ isAsExpected }) => isAsExpected) ? 0 : EXIT_UNLIKE, stdout: `${matrixText(rows)}\n`, stderr: '' };
	} finally {
		await resetPlace(place);
	}
}

function oneOfStealable(thing: string): Stealable {
	const found = stealable.find((one) => one === thing);
	if (found === undefined) throw new KubejoinError('LAB_UNKNOWN', { kind: 'thing to steal', name: thing, known: stealable });
	return found;
}

function addServices(program: Command, there: There, here: Here): void {
	const service = program.command('service').description('faults of services');
	for (const [verb, what] of [
		['kill', 'is killed'],
		['start', 'is started'],
		['pause', 'is paused'],
		['resume', 'goes on'],
		['cut', 'is cut off'],
		['heal', 'is connected again'],
	] as const) {
		service.command(`${verb} <service>`).action(
			here(async (driver, name: string) => {
				await driver[verb](name);
				return `${name} ${what}`;
			}),
		);
	}
	service
		.command('change <service>')
		.description('start it again with other settings or another clock, until reset')
		.option('--set <name=value>', 'a setting, without the prefix', collect)
		.option('--clock <offset>', '+600s')
		.action(
			here(async (driver, name: string, { set = [], clock }: { set?: readonly string[]; clock?: string }) => {
				const settings = Object.fromEntries(set.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
				await driver.change(name, { settings, ...(clock === undefined ? {} : { clock }) });
				return `${name} runs with ${[...set, ...(clock === undefined ? [] : [`a clock that is wrong by ${clock}`])].join(', ')}`;
			}),
		);
	service
		.command('restore')
		.description('all services as at first')
		.action(here(async (driver) => (await driver.restore()).join('\n')));
	untilOptions(service.command('state').description('what each service does')).action(
		here((driver, until: Until) =>
			lookUntil(
				async () => (await driver.services()).map(({ name, state, isChanged }) => `${name}: ${state}${isChanged ? ', changed' : ''}`).join('\n'),
				until,
			),
		),
	);
	program
		.command('kill-during-joins <service>')
		.description('kill it while nodes are at every step of their joins, and say what becomes of each')
		.requiredOption('--token <name>')
		.option('--down <seconds>', 'how long it is away', whole(1, 60), 4)
		.action(
			here((driver, name: string, { token, down }: { token: string; down: number }) => killDuringJoins(driver, { service: name, token, downSeconds: down })),
		);
	program
		.command('decide <verb>')
		.description('approve or deny what is pending, as a person would')
		.requiredOption('--from <requester>', 'system:node:NAME, or token:NAME for whoever has that token')
		.option('--within <seconds>', 'for how long a request is waited for', whole(1, 120), 15)
		.action(
			there(async (place, verb: string, { from, within }: { from: string; within: number }) => {
				if (verb !== 'approve' && verb !== 'deny') throw new KubejoinError('LAB_UNKNOWN', { kind: 'verb', name: verb, known: ['approve', 'deny'] });
				const requester = from.startsWith('token:') ? `${wellKnown.bootstrapUserPrefix}${(await tokenOf(place, from.slice(6))).id}` : from;
				return `${verb}: ${(await decide(place, verb, requester, within)).join(', ')}`;
			}),
		);
	untilOptions(program.command('logs <regex>').description('what the services have logged since the experiment began: the lines that match')).action(
		here((driver, regex: string, until: Until) =>
			lookUntil(async () => {
				const lines = (await driver.logs(await begunMs(driver))).split('\n').filter((line) => pattern(regex).test(line));
				return [`${lines.length} lines`, ...lines].join('\n');
			}, until),
		),
	);
	const wire = program.command('wire').description(`faults on the wire between two services: ${edges.map((edge) => JSON.stringify(edge)).join(', ')}`);
	wire
		.command('delay <edge>')
		.description('each answer comes later: with Toxiproxy; otherwise the callee stands still for so long, once')
		.requiredOption('--ms <milliseconds>', 'by how much', whole(1, 60_000))
		.action(
			here(async (driver, edge: string, { ms }: { ms: number }) => `${edge} is slow by ${ms} ms, by ${await createWire(driver).delay(parseEdge(edge), ms)}`),
		);
	wire
		.command('cut <edge>')
		.description('nothing comes through')
		.action(here(async (driver, edge: string) => `${edge} is cut, by ${await createWire(driver).cut(parseEdge(edge))}`));
	wire.command('heal <edge>').action(
		here(async (driver, edge: string) => {
			await createWire(driver).heal(parseEdge(edge));
			return `${edge} is well`;
		}),
	);
	const binding = program.command('binding').description('ClusterRoleBindings');
	binding
		.command('remove <name>')
		.description('reset brings it back')
		.action(
			there(async (place, name: string) => {
				await removeBinding(place, name);
				return `${name} is gone`;
			}),
		);
	program
		.command('skew <service> <offset>')
		.description('a join while the clock of one service, or of kubelet-sim, is wrong')
		.requiredOption('--token <name>')
		.action(here(skew));
	program.command('record-skew <service> <offset> <outcome>', { hidden: true }).action(
		there(async (place, name: string, offset: string, outcome: string) => {
			await recordSkew(place, { service: name, offset, outcome });
			return '';
		}),
	);
	program.command('record-half-joined <what>', { hidden: true }).action(
		there(async (place, what: string) => {
			await recordHalfJoined(place, what);
			return '';
		}),
	);
	program
		.command('skews')
		.description('what became of each join with a wrong clock')
		.action(there((place) => skewText(place)));
}

async function skew(driver: Driver, service: string, offset: string, { token }: { token: string }): Promise<string> {
	const node = `skew-${service}${offset.replace('+', '-plus-')}`;
	const isNode = service === 'kubelet-sim';
	if (!isNode) await driver.change(service, { clock: offset });
	const joined = await driver.inside(['join', node, '--token', token, '--discovery', '4s', '--bootstrap', '6s', ...(isNode ? ['--clock', offset] : [])]);
	const outcome = /^[^:]+: (.*)$/m.exec(joined.stdout)?.[1] ?? joined.stderr;
	const problem = /^.*(?:x509|tls): .*$/m.exec(joined.stdout)?.[0]?.replace(/^.*?((?:x509|tls): .*)$/, '$1') ?? '';
	await driver.inside(['record-skew', '--', service, offset, problem === '' || outcome === 'joined' ? outcome : `${outcome}: ${problem}`]);
	if (!isNode) await driver.restore();
	if (outcome !== 'joined') {
		const judged = await driver.inside(['judge', 'security', '--diskless', node]);
		if (!judged.stdout.startsWith('security: held')) await driver.inside(['record-half-joined', '--', `${service} ${offset}: ${judged.stdout.trim()}`]);
	}
	await driver.inside(['remove', node]);
	return `${service} ${offset}: ${outcome}`;
}

interface JudgeFlags {
	readonly attacker?: readonly string[];
	readonly unearned?: readonly string[];
	readonly stolen?: readonly string[];
	readonly lockedOut?: readonly string[];
	readonly diskless?: readonly string[];
	readonly lane?: true;
	readonly tries?: true;
	readonly halfJoined?: true;
	readonly ready?: readonly string[];
	readonly within: number;
}

function addLooking(program: Command, there: There, here: Here): void {
	program
		.command('judge <kind>')
		.description('a verdict: security or availability')
		.option('--attacker <name>', 'that was to get nothing', collect)
		.option('--unearned <node>', 'that was to get no identity', collect)
		.option('--stolen <token>', 'with which nobody was to get a certificate', collect)
		.option('--locked-out <node>', 'whose certificate was to be good for nothing any more', collect)
		.option('--diskless <node>', 'that was to write no certificate on its disk', collect)
		.option('--lane', 'no node was to have a label that only admins may give')
		.option('--tries', 'nothing that was tried with stolen things was to be allowed')
		.option('--half-joined', 'every node was to join or to have no identity')
		.option('--ready <node>', 'of the experiment, that must be Ready', collect)
		.option('--within <seconds>', 'for how long availability is waited for', whole(0, 600), 15)
		.action(
			there(
				(
					place,
					kind: string,
					{ attacker = [], unearned = [], stolen = [], lockedOut = [], diskless = [], lane, tries, halfJoined, ready = [], within }: JudgeFlags,
				) => {
					const flags = { isLaneAsked: lane === true, areTriesAsked: tries === true, isHalfAsked: halfJoined === true };
					if (kind === 'security') return judgeSecurity(place, { attackers: attacker, unearned, stolen, lockedOut, noCertificate: diskless, ...flags });
					if (kind === 'availability') return judgeAvailability(place, { ready, withinSeconds: within });
					throw new KubejoinError('LAB_UNKNOWN', { kind: 'verdict', name: kind, known: ['security', 'availability'] });
				},
			),
		);
	untilOptions(
		program
			.command('kubectl [arguments...]')
			.description('run kubectl-sim as the admin')
			.option('--as <node>', 'with the kubeconfig of this node')
			.option('--user', 'as a person with the home directory of the experiment')
			.passThroughOptions(),
	).action(
		there(async (place, values: string[], { as, user, ...until }: Until & { as?: string; user?: true }) => {
			const run = async () => (user === true ? runAsUser(place, values) : place.kubectl(values, as === undefined ? undefined : await kubeconfigOf(place, as)));
			if (until.until === undefined) return run();
			return lookUntil(async () => {
				const { stdout, stderr } = await run();
				return stdout + stderr;
			}, until);
		}),
	);
	program
		.command('replace-node <node>')
		.description('write a Node without reading it first, with a label added')
		.requiredOption('--as <node>', 'with the kubeconfig of this node')
		.action(there(async (place, node: string, { as }: { as: string }) => replaceNode(place, node, await kubeconfigOf(place, as))));
	program
		.command('kubeconfig <state>')
		.description('give the person of the experiment a kubeconfig (there) or take it away (gone)')
		.action(
			there(async (place, state: string) => {
				await setUserKubeconfig(place, state === 'there');
				return `the kubeconfig is ${state === 'there' ? 'there' : 'gone'}`;
			}),
		);
	program
		.command('certificates <token>')
		.description('how many were given to whoever has it')
		.action(there(async (place, token: string) => `certificates: ${await certificatesBy(place, (await tokenOf(place, token)).id)}`));
	program
		.command('openssl-pin <pipeline>')
		.description('what openssl prints as the pin of a new CA: rsa, or pkey')
		.addOption(new Option('--key <algorithm>', 'of the CA').choices(['RSA-2048', 'ECDSA-P256']).default('ECDSA-P256'))
		.action(
			there((place, pipeline: string, { key }: { key: string }) => {
				if (pipeline !== 'rsa' && pipeline !== 'pkey') throw new KubejoinError('LAB_UNKNOWN', { kind: 'pipeline', name: pipeline, known: ['rsa', 'pkey'] });
				return pipelinePin(place, pipeline satisfies Pipeline, key);
			}),
		);
	program
		.command('steady')
		.description('whether every service runs unchanged and every node is Ready; exit code 1 when not')
		.option('--within <seconds>', 'for how long it is waited for', whole(0, 600), 15)
		.action(
			here(async (driver, { within }: { within: number }) => {
				const text = await steady(driver, within);
				return { code: text.startsWith('steady') ? 0 : EXIT_UNLIKE, stdout: `${text}\n`, stderr: '' };
			}),
		);
	program.command('reset').description('everything as it was before: can be called at any time').action(here(reset));
	program.command('reset-nodes', { hidden: true }).action(there(async (place) => (await resetPlace(place)).join('\n')));
	program.command('begun', { hidden: true }).action(there(async (place) => String((await place.read<number>(BEGUN)) ?? 0)));
	program.command('texts', { hidden: true }).action(there(async (place) => JSON.stringify(await textsInside(place))));
	program
		.command('scan')
		.description('look for secrets in logs, traces, journals and command lines')
		.option('--judge', 'with the verdict')
		.action(here((driver, { judge }: { judge?: true }) => scan(driver, judge === true)));
	program
		.command('leak <state>')
		.description('plant a secret for scan to find (there), or take it away (gone)')
		.action(here((driver, state: string) => leak(driver, state === 'there')));
}

/** @returns exit code and output of one call */
async function call(args: readonly string[], lab: Lab): Promise<Result> {
	const results: Result[] = [];
	const program = createProgram(lab, args, (result) => results.push(result));
	program.configureOutput({
		writeOut: (text) => results.push({ code: 0, stdout: text, stderr: '' }),
		writeErr: (text) => results.push({ code: 0, stdout: '', stderr: text }),
	});
	let code: number | undefined;
	try {
		await program.parseAsync(args, { from: 'user' });
	} catch (error) {
		if (error instanceof CommanderError) code = error.exitCode;
		else {
			results.push(failed(error));
		}
	}
	const joined = (key: 'stdout' | 'stderr') => results.map((result) => result[key]).join('');
	return { code: code ?? Math.max(0, ...results.map((result) => result.code)), stdout: joined('stdout'), stderr: joined('stderr') };
}

/** What is unforeseen has no log to be searched here, so its text is shown. */
function failed(error: unknown): Result {
	const known = asKubejoinError(error);
	const cause = known.code === 'INTERNAL' ? `  cause:  ${causeText(known.cause)}\n` : '';
	return { code: known.exitCode, stdout: '', stderr: `${errorForPeople(known)}${cause}` };
}

const args = process.argv.slice(2);
try {
	const lab = await openLab((given, place) => call(given, { place, close: () => undefined }));
	try {
		const { code, stdout, stderr } = await call(args, lab);
		// The two verbs for the search print secrets to whoever searches; everything else is masked.
		const shown = args[0] === 'token-secrets' || args[0] === 'texts' ? (text: string) => text : maskTokens;
		process.stdout.write(shown(stdout));
		process.stderr.write(shown(stderr));
		process.exitCode = code;
	} finally {
		lab.close();
	}
} catch (error) {
	const { code, stderr } = failed(error);
	process.stderr.write(maskTokens(stderr));
	process.exitCode = code;
}
