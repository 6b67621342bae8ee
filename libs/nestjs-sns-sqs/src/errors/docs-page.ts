/** Where a reader of an error finds a page of `docs/`: the package contains them. A spec checks that each is there. */
export const docsPage = (page: string): string => `node_modules/nestjs-sns-sqs/docs/${page}`;
