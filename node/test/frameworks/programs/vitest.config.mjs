export default { test: { include: ['programs/*.vitest.mjs'] } };
