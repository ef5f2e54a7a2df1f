import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { commonSettings } from '../lib/config.ts';
import { projectPath } from '../lib/paths.ts';

interface Container {
	readonly image: string;
	readonly profiles?: readonly string[];
	readonly read_only?: boolean;
	readonly cap_drop?: readonly string[];
	readonly security_opt?: readonly string[];
	readonly user?: string;
	readonly privileged?: boolean;
	readonly ports?: readonly string[];
	readonly volumes?: readonly string[];
	/** By name where it has further names there. */
	readonly networks: readonly string[] | Readonly<Record<string, object>>;
	readonly command?: readonly string[];
	readonly environment?: Readonly<Record<string, string>>;
}
interface ScrapeConfig {
	readonly job_name: string;
	readonly static_configs?: readonly { readonly targets: readonly string[] }[];
	readonly dns_sd_configs?: readonly { readonly names: readonly string[]; readonly port: number }[];
}

describe('the profile observability', () => {
	const read = (file: string) => readFileSync(projectPath(file), 'utf8');
	const { services } = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Container> };
	const networksOf = ({ networks = [] }: Partial<Container> = {}): readonly string[] =>
		'length' in networks ? (networks as readonly string[]) : Object.keys(networks);
	const observers = Object.entries(services).filter(([, { profiles }]) => profiles?.includes('observability'));

	it('has Prometheus, Grafana and Jaeger, each at a version, hardened as all others are', () => {
		assert.deepEqual(observers.map(([name]) => name).sort(), ['grafana', 'jaeger', 'prometheus']);
		for (const [name, container] of observers) {
			assert.match(container.image, /:v?\d+\.\d+\.\d+$/, name);
			assert.deepEqual(
				[container.read_only, container.cap_drop, container.security_opt],
				[true, ['ALL'], ['no-new-privileges:true']],
				name,
			);
			assert.match(container.user ?? '', /^[1-9]\d*:\d+$/, name);
			assert.equal(container.privileged, undefined, name);
			for (const port of container.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, name);
			for (const volume of container.volumes ?? []) assert.match(volume, /^\.\/infra\/.*:ro$/, name);
		}
	});

	it('Prometheus asks every service that has metrics at its health port, and is on a network with each', () => {
		const { scrape_configs: jobs } = parse(read('infra/prometheus/prometheus.yml')) as {
			scrape_configs: ScrapeConfig[];
		};
		const isMeasured = ({ environment = {}, command = [] }: Container) =>
			'KUBEJOIN_HEALTH_ADDRESS' in environment || command.some((word) => word.startsWith('--healthz-bind-address'));
		const measured = Object.entries(services).flatMap(([name, container]) => (isMeasured(container) ? [name] : []));
		assert.ok(measured.length >= 6);
		assert.deepEqual(jobs.map(({ job_name: job }) => job).sort(), measured.sort());
		for (const { job_name: job, static_configs: fixed = [], dns_sd_configs: lookedUp = [] } of jobs) {
			const targets = [
				...fixed.flatMap((one) => one.targets),
				...lookedUp.flatMap(({ names, port }) => names.map((name) => `${name}:${port}`)),
			];
			assert.deepEqual(targets, [`${job}:${commonSettings.healthPort.fallback}`]);
			assert.ok(
				networksOf(services[job]).some((network) => networksOf(services.prometheus).includes(network)),
				job,
			);
		}
	});

	it('no node reaches health and metrics of another container unless infra/observability.env says so', () => {
		assert.ok(read('docker-compose.yml').includes('KUBEJOIN_HEALTH_ADDRESS: &health-address $'));
		for (const [name, container] of Object.entries(services)) {
			const { environment = {}, command = [] } = container;
			if (!networksOf(container).includes('nodes')) continue;
			const said = [
				environment.KUBEJOIN_HEALTH_ADDRESS,
				...command.filter((word) => word.startsWith('--healthz-bind-address=')),
			];
			for (const one of said)
				if (one !== undefined)
					assert.match(one, /^(--healthz-bind-address=)?\$\{KUBEJOIN_HEALTH_ADDRESS:-127\.0\.0\.1\}$/, name);
		}
		assert.match(read('infra/observability.env'), /^KUBEJOIN_HEALTH_ADDRESS=0\.0\.0\.0$/m);
	});
});
