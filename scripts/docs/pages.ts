/** The pages of the documentation. The generated part of a page is between two markers. */
import { readdirSync, readFileSync } from 'node:fs';
import { resources } from '../../lib/kube/resources.ts';
import { projectPath } from '../../lib/paths.ts';
import { contractsTable } from '../proto/contracts-table.ts';
import { servicesProto } from '../proto/services.ts';
import { attackTables } from './attack-table.ts';
import { chaosTable } from './chaos-table.ts';
import { conformancePage } from './conformance-page.ts';
import { differences } from './differs-tags.ts';
import { errorPage } from './error-page.ts';
import { errorPageInChinese } from './error-page-zh.ts';
import { limitsPage } from './limits-page.ts';
import { metricTables } from './metric-tables.ts';
import { translatedTrustTexts, trustFile, trustTexts } from './trust-texts.ts';

export const readPage = (path: string): string => readFileSync(projectPath(path), 'utf8');

const otherContracts = ['proto/kubejoin/ca-service.proto', 'proto/kubejoin/token-store.proto'];
const apiProto = (): string => servicesProto(Object.values(resources));

/** Paths relative to the top of the repository. */
export const pagePaths = (): string[] =>
	[
		...readdirSync(projectPath()),
		...readdirSync(projectPath('docs'), { recursive: true, encoding: 'utf8' }).map((path) => `docs/${path}`),
	]
		.filter((path) => path.endsWith('.md'))
		.sort();

/** The current text of every page that is generated in whole or in part. */
export const madePages = (): { readonly path: string; readonly text: string }[] => [
	{ path: 'proto/kubejoin/apiserver-sim.proto', text: apiProto() },
	{ path: 'proto/kubejoin.txt', text: contractsTable([apiProto(), ...otherContracts.map(readPage)]) },
	{ path: 'services/observer/page/trust-en.json', text: trustFile(trustTexts(readPage('docs/trust.md'))) },
	{
		path: 'services/observer/page/trust-zh.json',
		text: trustFile(translatedTrustTexts(readPage('docs/trust.md'), readPage('docs/trust.zh.md'))),
	},
	{ path: 'docs/conformance.md', text: conformancePage() },
	{ path: 'docs/errors.md', text: errorPage() },
	{ path: 'docs/errors.zh.md', text: errorPageInChinese() },
	{ path: 'docs/limits.md', text: limitsPage() },
	{ path: 'docs/attacks.md', text: withPart(readPage('docs/attacks.md'), attackTables()) },
	{ path: 'docs/chaos.md', text: withPart(readPage('docs/chaos.md'), chaosTable()) },
	{ path: 'docs/differences.md', text: withPart(readPage('docs/differences.md'), differences()) },
	{ path: 'docs/metrics.md', text: withPart(readPage('docs/metrics.md'), metricTables()) },
];

const madePart = /(?<=<!-- made by npm run docs -->\n)[\s\S]*(?=\n<!-- end -->)/;

function withPart(page: string, part: string): string {
	if (!madePart.test(page)) throw new Error('a page has no markers for its generated part');
	return page.replace(madePart, () => `\n${part}\n`);
}
