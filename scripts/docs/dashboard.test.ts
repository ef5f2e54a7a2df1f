import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRegistry } from '../../lib/metrics.ts';
import { projectPath } from '../../lib/paths.ts';
import { allMetrics, type MetricRow, rowsOf } from './metric-tables.ts';

interface Dashboard {
	readonly panels: readonly {
		readonly title: string;
		readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
	}[];
}

/** Labels that Prometheus adds to each sample. */
const added = ['job', 'instance'];
const suffixes = ['', '_bucket', '_sum', '_count'];

/** The metrics of a PromQL expression, and the labels that it selects, groups or shows by. */
function read(expr: string): { readonly metrics: string[]; readonly labels: string[] } {
	const inside = [...expr.matchAll(/\{([^}]*)\}/g), ...expr.matchAll(/\b(?:by|without|on|ignoring) \(([^)]*)\)/g)].map(
		([, list = '']) => list,
	);
	const labels = inside.flatMap((list) => list.split(',').map((item) => /^\s*(\w+)/.exec(item)?.[1] ?? ''));
	const rest = expr.replace(/\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring) \([^)]*\)/g, ' ');
	return { metrics: [...rest.matchAll(/\b([a-z_]\w*)\b(?!\s*\()/g)].map(([, name = '']) => name), labels };
}

/** Metrics and labels of an expression that no service exposes. */
function missing(expr: string, legend: string, exposed: readonly MetricRow[]): string[] {
	const { metrics, labels } = read(expr);
	const found = metrics.map((name) =>
		exposed.find((metric) =>
			(metric.type === 'histogram' ? suffixes.slice(1) : ['']).some((suffix) => metric.name + suffix === name),
		),
	);
	const known = [
		...added,
		...found.flatMap((metric) => [...(metric?.labelNames ?? []), ...(metric?.type === 'histogram' ? ['le'] : [])]),
	];
	const shown = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
	return [
		...metrics.filter((_, index) => found[index] === undefined),
		...[...labels, ...shown].filter((label) => !known.includes(label)),
	];
}

describe('the dashboard', () => {
	const exposed = [...allMetrics(), ...rowsOf(createRegistry())];
	const folder = 'infra/grafana/dashboards';

	for (const file of readdirSync(projectPath(folder))) {
		it(`${file} uses only exposed metrics and labels`, () => {
			const { panels } = JSON.parse(readFileSync(projectPath(folder, file), 'utf8')) as Dashboard;
			const targets = panels.flatMap((panel) => panel.targets);
			assert.ok(targets.length > 20);
			for (const { expr, legendFormat } of targets) {
				assert.ok(read(expr).metrics.length > 0, expr);
				assert.deepEqual(missing(expr, legendFormat, exposed), [], expr);
			}
		});
	}

	it('finds an unknown metric, label or suffix', () => {
		const histogram: MetricRow = { name: 'a_seconds', type: 'histogram', help: '', labelNames: ['x'] };
		const good = 'histogram_quantile(0.5, sum by (le, x) (rate(a_seconds_bucket{x!="1"}[5m]))) - time()';
		assert.deepEqual(missing(good, '{{x}}', [histogram]), []);
		assert.deepEqual(missing(good.replace('_bucket', ''), '', [histogram]).slice(0, 1), ['a_seconds']);
		assert.deepEqual(missing(good.replaceAll('x', 'y'), '{{z}}', [histogram]), ['y', 'y', 'z']);
		assert.deepEqual(missing('sum(b_total)', '', [histogram]), ['b_total']);
	});
});
