/** The certificates and the guide of the page in a browser, against the files of a mesh. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { newPage, requireBrowser, startBrowser } from './browser.ts';
import { startTestMesh, type TestMesh } from './mesh.ts';

const serialOf = (pem: string | Buffer): string => new X509Certificate(pem).serialNumber.toLowerCase();

describe('the certificates on the page', () => {
	let mesh: TestMesh;
	let browser: Browser;
	let page: Page;

	before(async function () {
		requireBrowser(this);
		mesh = await startTestMesh({ observer: { story: 'off' } });
		browser = await startBrowser();
		page = await newPage(browser);
	});
	after(async () => {
		await browser?.close();
		await mesh?.stopAndRemove();
	});
	const view = () => page.locator('.certificates');
	const linkTo = (serial: string) => view().locator(`a[href="#/certificates/${serial}"]`).first();

	it('have a row for each file of the PKI, with the serial number of the file', async () => {
		await page.goto(`${mesh.page}/#/certificates`);
		const published: Record<string, string> = JSON.parse(mesh.pki('observer/certificates.json'));
		for (const [file, pem] of Object.entries(published)) {
			await linkTo(serialOf(pem)).waitFor();
			if (!/ca\.crt$/.test(file)) await page.getByText(file, { exact: true }).first().waitFor();
		}
	});

	it('list every party, with its credential, issuer, file, end and rights', async () => {
		const token = await mesh.createToken();
		await mesh.startNode('node-1', 0, mesh.joinConfig({ token, discovery: '20s' }));
		for (const [identity, ...cells] of [
			['CN=kubernetes-admin', 'kubectl', 'at init', 'admin/admin.conf', '/etc/kubernetes/admin.conf'],
			['CN=system:node:node-1', 'kubelet', 'ca-service', 'kubelet-client-current.pem'],
			['CN=system:kube-proxy', 'kube-proxy', 'admin/kube-proxy.conf'],
			['CN=system:kube-scheduler', 'scheduler', '/etc/kubernetes/scheduler.conf'],
			['CN=system:kube-controller-manager', 'controller-manager', '/etc/kubernetes/controller-manager.conf'],
			['CN=kube-apiserver', 'kube-apiserver', 'apiserver-sim/server.crt'],
			['CN=token-store', 'token-store', 'token-store/server.crt'],
			['CN=ca-service', 'ca-service', 'ca-service/server.crt'],
			[`system:bootstrap:${token.split('.')[0]}`, 'new node', 'by hand'],
			['JWT', 'Pod', 'apiserver-sim/sa.key'],
		] as const) {
			let row = view().locator('tbody tr:not(.group)').filter({ hasText: identity });
			for (const cell of cells) row = row.filter({ hasText: cell });
			await row.first().waitFor();
			const texts = await row.first().locator('th, td').allTextContents();
			assert.equal(texts.length, 7);
			for (const [column, text] of texts.entries()) assert.notEqual(text.trim(), '', `${identity}: column ${column}`);
		}
	});

	it('open the certificate of a node that joined, as it is on its disk', async () => {
		const file = join(mesh.state, 'nodes/node-1/var/lib/kubelet/pki/kubelet-client-current.pem');
		const serial = serialOf(readFileSync(file));
		await linkTo(serial).click();
		await page.locator('.panel').getByText(serial, { exact: true }).first().waitFor();
		await page.keyboard.press('Escape');
		await page.locator('.panel').waitFor({ state: 'detached' });
	});

	it('are filtered by text, and without the rows that the mesh lacks', async () => {
		await page.getByText('/etc/kubernetes/pki/etcd/peer.crt', { exact: true }).waitFor();
		await page.getByRole('button', { name: 'Only this mesh' }).click();
		await page.getByText('/etc/kubernetes/pki/etcd/peer.crt', { exact: true }).waitFor({ state: 'detached' });
		await page.keyboard.press('/');
		await page.keyboard.type('super');
		await view().locator('tbody tr:not(.group)').nth(1).waitFor({ state: 'detached' });
		assert.match((await view().locator('tbody').textContent()) ?? '', /system:masters/);
	});

	it('follow a guide that is shown once, and that "?" brings back', async () => {
		await page.goto(`${mesh.page}/?lang=en#/map`);
		const guide = page.locator('.guide');
		await guide.getByRole('button', { name: 'Begin' }).click();
		const next = guide.getByRole('button', { name: 'Next' });
		// The map shows the join as it was at each stop, and the line of the node with its protection then.
		const stops = [
			{},
			{ at: 'apiserver-sim', line: 'none' },
			{ line: 'none' },
			{ at: 'token-store', line: 'one-way' },
			{ at: 'controller-manager-sim', line: 'one-way' },
			{ at: 'ca-service', line: 'one-way' },
			{ line: 'mutual' },
		];
		for (const [index, { at, line }] of stops.entries()) {
			await guide.getByRole('heading', { name: `${index + 1} / 8` }).waitFor();
			if (at !== undefined) await page.locator(`[data-party="${at}"][data-guide]`).waitFor();
			if (line !== undefined) await page.locator(`.lit > .line.${line}`).first().waitFor();
			await next.click();
		}
		await guide.getByRole('button', { name: 'Previous' }).click();
		await guide.getByRole('button', { name: 'Previous' }).click();
		await page.locator('.lit > .line.one-way').waitFor();
		await page.keyboard.press('Escape');
		await guide.waitFor({ state: 'detached' });
		await page.locator('.lit > .line.mutual').first().waitFor();
		await page.reload();
		await page.locator('[data-party="apiserver-sim"]').waitFor();
		assert.equal(await guide.count(), 0);
		await page.keyboard.press('?');
		await guide.getByText('A node wants to join this cluster.').waitFor();
	});
});
