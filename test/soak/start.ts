// `npm run test:soak`; with --outbox that of the outbox and the inbox in PostgreSQL.
await import(process.argv.includes('--outbox') ? './outbox/run.ts' : './run.ts');
