// What the playground starts from.

export const EXAMPLES = [
  {
    title: "A neuron",
    formula: "z = w*x + b\ny = tanh(z)",
    values: { w: -3, x: 2, b: 6.5 },
    wrt: "w",
    claims: "z = 0.5\ny = 0.4621\ny/w = 0.786",
  },
  { title: "A value that is used twice", formula: "a = x*x\ny = a + 3*x", values: { x: 2 }, wrt: "x" },
  { title: "A quotient", formula: "y = x / (1 + exp(-x))", values: { x: 1 }, wrt: "x" },
  {
    title: "Sigmoid and cross-entropy",
    formula: "z = w*x + b\np = sigmoid(z)\nloss = -(t*log(p) + (1 - t)*log(1 - p))",
    values: { w: 0.5, x: 2, b: -0.3, t: 1 },
    wrt: "w",
    claims: "loss/z = -0.332",
  },
  {
    title: "A network 2-2-1, to be trained",
    formula:
      "h1 = sigmoid(w1*i1 + w2*i2 + b1)\nh2 = sigmoid(w3*i1 + w4*i2 + b1)\nout = sigmoid(w5*h1 + w6*h2 + b2)\nE = 0.5*(target - out)**2",
    values: { w1: 0.15, w2: 0.2, w3: 0.25, w4: 0.3, w5: 0.4, w6: 0.45, i1: 0.05, i2: 0.1, b1: 0.35, b2: 0.6, target: 0.01 },
    wrt: "w1",
    rate: 0.5,
  },
  { title: "A published network 3-3-3, with its 133 numbers", question: "example" },
];
