"""The first five minutes where nothing is as on the developer's machine: terminals, encodings, folders, permissions, no network."""

import importlib.util
import io
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from autograd_tiny import Stepper, Value, check_gradient, dot, draw, grad, jacobian, load_graph, losses, mark, nn, save_graph
from autograd_tiny.cli import main
from autograd_tiny.storage.files import make_directory, read_text, write_file

ROOT = Path(__file__).parents[2]
NEURON = ["z = w*x + b; y = tanh(z)", "w=-3", "x=2", "b=6.5"]
PAGE = """\
formula = '''
z = w*x + b
y = tanh(z)'''
claims = ['z = 0.5', 'y = 0.4621', 'y/w = 1.573']
[inputs]
w = -3.0
x = 2
b = 6.5
""".replace("\n", "\r\n")
ODD = "My pictures – ü ñ 漢"
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX")


def run(*arguments, python=(), **options):
    """The command line in a process of its own."""
    command = [sys.executable, *python, "-m", "autograd_tiny", *arguments]
    return subprocess.run(command, capture_output=True, timeout=120, check=False, **options)


@contextmanager
def ordinary_user():
    """No more rights than anybody's, even where the tests are run by root, who may write everywhere."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


# Folders and files.


@posix
def test_a_working_directory_that_cannot_be_written_to(tmp_path, monkeypatch, capsys):
    main(["step", *NEURON, "-o", str(tmp_path / "y.html")])  # loads whatever is loaded late, and perhaps from root's own folders
    monkeypatch.chdir(tmp_path)
    (tmp_path / "y.html").rename("old.html")
    tmp_path.chmod(0o555)
    w = Value(1.0, "w")
    with ordinary_user():
        for arguments, file in ((["draw", *NEURON, "-o", "y.dot"], "y.dot"), (["demo"], "demo")):
            assert main(arguments) == 2
            said = capsys.readouterr().err
            assert re.search(rf"cannot (write|make the directory) {file}: .*; choose a place that you may write to", said)
        assert main(["explain", *NEURON, "--wrt", "w"]) == 0
        for save in (lambda: draw(w * 2).save("y.dot"), lambda: save_graph(w, "g.json"), lambda: write_file("old.html", "new")):
            with pytest.raises(PermissionError, match=r"cannot write .*; choose a place that you may write to"):
                save()
    tmp_path.chmod(0o755)
    assert [file.name for file in tmp_path.iterdir()] == ["old.html"]


def test_the_demo_says_first_that_it_has_no_folder(tmp_path, capsys):
    (tmp_path / "file").write_text("kept")
    for folder in ("file", "file/below"):
        assert main(["demo", "--out", str(tmp_path / folder)]) == 2
        shown = capsys.readouterr()
        assert "a file is in the way; choose another place" in shown.err
        assert shown.out == ""
    with pytest.raises(FileExistsError, match="cannot make the directory"):
        Stepper(Value(1.0) * 2).save_frames(tmp_path / "file")
    with pytest.raises(FileNotFoundError, match="cannot make the directory"):
        make_directory(tmp_path / "a" / "b")


@posix
def test_what_is_no_ordinary_file_is_written_to_and_not_replaced(tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link.txt"
    os.mkfifo(pipe)
    received = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_text()))
    reader.start()
    write_file(pipe, "through")
    reader.join(10)
    assert received == ["through"]
    assert pipe.is_fifo()
    (tmp_path / "real.txt").write_text("old")
    link.symlink_to("real.txt")
    write_file(link, "new")
    assert link.is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@posix
def test_a_file_that_there_is_no_room_for(tmp_path):
    import resource

    write_file(tmp_path / "old.txt", "old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OSError, match=r"cannot write .*old.txt: File too large"):
            write_file(tmp_path / "old.txt", "x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"old.txt": "old"}


def test_many_write_one_file(tmp_path):
    contents = [str(i) * 100_000 for i in range(8)]
    threads = [threading.Thread(target=write_file, args=(tmp_path / "one.txt", content)) for content in contents * 5]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "one.txt").read_text() in contents
    assert len(list(tmp_path.iterdir())) == 1


def test_a_name_as_long_as_a_file_system_takes(tmp_path):
    name = "漢" * 83 + ".txt"  # 253 bytes
    assert write_file(tmp_path / name, "x").read_text() == "x"


def test_spaces_letters_and_windows_line_ends(tmp_path, monkeypatch, capsys):
    folder = tmp_path / ODD
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "Seite ü.toml").write_bytes(b"\xef\xbb\xbf" + PAGE.encode())
    assert main(["mark", "Seite ü.toml", "-o", "Größe.svg", "--json", "Größe.json"]) == 0
    assert main(["draw", *NEURON, "-o", "a b.svg"]) == 0
    assert main(["step", *NEURON, "-o", "a b.html"]) == 0
    y = Value(2.0, "größe") ** 2
    assert load_graph(save_graph(y, "graph ü.json")).data == 4.0
    shown = capsys.readouterr().out
    assert all(f"wrote {file}" in shown for file in ("Größe.svg", "Größe.json", "a b.svg", "a b.html"))
    assert all(b"\r\n" not in file.read_bytes() for file in folder.iterdir() if file.suffix != ".toml")


@pytest.mark.parametrize("text", ["y = 2*x".encode("utf-16"), b"gr\xf6\xdfe = x"])
def test_text_that_is_not_utf_8(text, tmp_path):
    (tmp_path / "file").write_bytes(text)
    with pytest.raises(ValueError, match=r"this is no text in UTF-8 .*; save it as UTF-8"):
        read_text(tmp_path / "file")
    done = run("explain", "-", "x=1", "--wrt", "x", input=text)
    assert done.returncode == 2
    assert b"standard input: this is no text in UTF-8" in done.stderr
    with pytest.raises(ValueError, match=r"cannot read .*file: this is no text in UTF-8"):
        load_graph(tmp_path / "file")


# Terminals.


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_an_encoding_without_the_signs_of_mathematics(encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = run("explain", *NEURON, "--wrt", "w", env=environment)
    assert done.returncode == 0, done.stderr
    dot = "*" if encoding == "ascii" else "·"
    assert done.stdout.decode(encoding).splitlines()[0] == f"dy/dw = dy/dz {dot} dz/dw"
    table = run("step", "y = a + a", "a=3", env=environment).stdout.decode(encoding)
    assert len({len(line) for line in table.split("backward")[1].splitlines()[2:]}) == 1  # columns stay columns
    wrong = run("explain", "y = 2·größe", "--wrt", "y", env=environment)
    assert wrong.returncode == 2
    assert b"formulas have no" in wrong.stderr


@posix
@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_the_locale_c(locale, tmp_path):
    environment = {"PATH": os.environ["PATH"], "HOME": "/no/home", "TMPDIR": "/no/tmp", **locale}
    done = run("explain", "größe = w*x; y = tanh(größe)", "w=-1", "x=2", "--wrt", "größe", env=environment)
    assert done.returncode == 0, done.stderr
    done = run("draw", *NEURON, "-o", "ü ñ.svg", env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["ü ñ.svg"]
    done = run("explain", b"y = x\xe4\xff", "x=2", "--wrt", "x", env=environment)
    assert done.returncode == 2
    assert b"is no text in the encoding of this terminal" in done.stderr


@pytest.mark.parametrize("columns", [60, pytest.param(80, marks=pytest.mark.slow)])
def test_the_marks_fit_and_no_number_is_cut(columns, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["demo", "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    table = shown.partition("\n133 numbers")[0]
    assert max(map(len, table.splitlines())) <= columns
    assert "…" not in table
    joined = re.sub(r"([·/]) [^\n]*\n +∂", r"\1∂", table)  # names that go on in the next line
    assert "∂E1/∂O_out1·∂O_out1/∂O_in1·∂O_in1/∂h2_out1" in joined
    assert "-0.0007245" in table


def test_a_number_is_whole_on_the_narrowest_terminal(capsys, monkeypatch, tmp_path):
    (tmp_path / "page.toml").write_text(PAGE.replace("0.4621", "0.46211715726000975"))
    monkeypatch.setenv("COLUMNS", "20")
    main(["mark", str(tmp_path / "page.toml")])
    assert "0.46211715726000975" in capsys.readouterr().out


def test_ctrl_c(monkeypatch, capsys):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("autograd_tiny.cli.explained", interrupt)
    assert main(["explain", *NEURON, "--wrt", "w"]) == 130
    assert capsys.readouterr().err == "autograd-tiny explain: interrupted\n"


def test_ctrl_c_while_the_command_line_is_imported(tmp_path):
    (tmp_path / "rich.py").write_text("raise KeyboardInterrupt")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])}
    for call in (["-m", "autograd_tiny"], ["-c", "from autograd_tiny.__main__ import main; raise SystemExit(main())"]):
        done = subprocess.run([sys.executable, *call, "demo"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "autograd-tiny: interrupted\n")


def test_a_reader_that_goes_away(tmp_path):
    command = [sys.executable, "-m", "autograd_tiny", "demo", "--out", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""


def test_closed_streams(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", None)
    assert main(["explain", "-", "--wrt", "x"]) == 2
    assert "standard input, which is closed" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert main(["explain", "-", "--wrt", "x"]) == 2
    assert "the formula is empty" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdout", None)
    assert main(["explain", *NEURON, "--wrt", "x"]) == 0


@pytest.mark.parametrize("arguments", [["draw", NEURON[0], "w=-3", "x=2", "b=6,5", "-o", "y.svg"], ["step", "y = 0,5*x", "x=1"]])
def test_decimal_commas(arguments, capsys):
    assert main(arguments) == 2
    assert "write decimals with a point, 1.5" in capsys.readouterr().err


# No network.


@pytest.mark.slow
def test_nothing_needs_a_network(tmp_path):
    (tmp_path / "page.toml").write_text(PAGE)
    script = """if True:
        import socket, sys
        def refuse(*arguments, **options):
            raise AssertionError("the network was asked for")
        class Refusing(socket.socket):
            connect = connect_ex = sendto = refuse
        socket.socket, socket.getaddrinfo, socket.create_connection = Refusing, refuse, refuse
        from autograd_tiny.cli import main
        neuron = ["z = w*x + b; y = tanh(z)", "w=-3", "x=2", "b=6.5"]
        codes = [
            main(["demo"]), main(["draw", *neuron, "-o", "y.svg"]), main(["step", *neuron, "-o", "y.html"]),
            main(["explain", *neuron, "--wrt", "w"]), main(["mark", "page.toml"]),
        ]
        sys.exit(any(codes))
    """
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    for file in ("demo/steps.html", "y.html"):
        loaded = re.findall(r'(?:src|href)="(?!data:|#)[^"]*"|@import|fetch\(', (tmp_path / file).read_text(encoding="utf-8"))
        assert not loaded


# dev.py.


@pytest.fixture
def dev(tmp_path, monkeypatch):
    """dev.py as a module, at home in a folder of its own."""
    spec = importlib.util.spec_from_file_location("dev_under_test", ROOT / "dev.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "pyproject.toml").write_text("")
    return module


def test_dev_says_that_its_folder_cannot_be_written_to(dev, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SystemExit, match="cannot be written to; copy the project to a folder of your own"):
        dev.environment(".venv")


@pytest.mark.parametrize("packages", ["lib/python3.11/site-packages", "Lib/site-packages"])
def test_dev_points_to_the_project_without_its_letters(dev, monkeypatch, tmp_path, packages):
    root = tmp_path / ODD
    monkeypatch.setattr(dev, "ROOT", root)
    pointer = root / ".venv" / packages / "_editable_impl_autograd_tiny.pth"
    pointer.parent.mkdir(parents=True)
    pointer.write_text(str(root), encoding="utf-8")
    dev.point_to_project(root / ".venv")
    line = pointer.read_bytes().decode("ascii").strip()
    assert (pointer.parent / line).resolve() == root.resolve()


def test_dev_with_windows_line_ends_in_an_odd_folder_from_elsewhere(tmp_path):
    folder = tmp_path / ODD
    folder.mkdir()
    (folder / "dev.py").write_bytes((ROOT / "dev.py").read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    for environment in ({}, {"PYTHONIOENCODING": "cp437"}, {"LC_ALL": "C"}):
        command = [sys.executable, str(folder / "dev.py")]
        environment = {**os.environ, **environment}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"write the demonstration to demo/" in done.stdout


def test_dev_finds_a_python_whose_path_has_any_letters(dev, tmp_path):
    fake = tmp_path / "fake.py"
    fake.write_text(f"print('3.11', ascii({str(tmp_path / ODD)!r}))", encoding="utf-8")
    assert dev.interpreter(sys.executable, str(fake)) == ("3.11", str(tmp_path / ODD))


def test_dev_says_what_setting_up_needs(dev, capsys):
    with pytest.raises(SystemExit, match=r"this command failed: .*\n.*setting up needs the internet"):
        dev.quietly(sys.executable, "-c", "import sys; sys.stdout.buffer.write(b'\\xff no index'); sys.exit(1)", hint=dev.INTERNET)
    assert "no index" in capsys.readouterr().err


# What is typed wrong first.


@pytest.fixture
def y():
    w, x = Value(-3.0, "w"), Value(2.0, "x")
    out = (w * x).tanh()
    out.label = "y"
    return out


@pytest.mark.parametrize(
    ("misuse", "message"),
    [
        (lambda y: Value("3,5"), "got the str '3,5'; float.. makes a number of text, with a point for decimals"),
        (lambda y: Value([1, 2]), "make one Value per number"),
        (lambda y: y ^ 2, r"write x \*\* 2"),
        (lambda y: 2 ^ y, r"write x \*\* 2"),
        (lambda y: round(y, 2), "round the bare number, v.data"),
        (lambda y: draw(y.data), "can be drawn, got .*; a plain number does not know how it was computed"),
        (lambda y: draw([y, y]), "can be drawn, got .*; give one Value"),
        (lambda y: draw("y"), "can be drawn, got 'y'; give the Value itself, not its name"),
        (lambda y: draw(nn.MLP([2, 1], ["tanh"])), "can be drawn, got .*; call it on Values"),
        (lambda y: draw(y, digits=2.5), "1 to 17 significant digits, got 2.5"),
        (lambda y: draw(y, digits="many"), "or a format such as '.3f', got 'many'"),
        (lambda y: draw(y, show=3), "what can be shown is data, grad, derivatives; not 3"),
        (lambda y: Stepper(3), "can be stepped through, got 3; a plain number"),
        (lambda y: Stepper(y, digits=True), "significant digits"),
        (lambda y: mark([y], {"y": "1"}), "can be marked, got .*; give one Value"),
        (lambda y: mark(y, 3), "claims are given by name, as {'z': '1.25'}"),
        (lambda y: mark(y, {y: "0.5"}), "a claim names nodes by their labels"),
        (lambda y: mark(y, {"dy": "0.5"}), "a derivative is written y/w or dy/dw"),
        (lambda y: mark(Value(1.0) * 2, {"y": "0.5"}), r"no node has a label; give them.* label_locals"),
        (lambda y: mark(y, {"w'": "0.5"}, learning_rate="0.1"), "a learning rate is a number, got '0.1'"),
        (lambda y: grad(y), "grad takes a function, got .*; for the gradients of a Value use its backward"),
        (lambda y: jacobian(3), "jacobian takes a function, got 3"),
        (lambda y: check_gradient(3), "check_gradient takes a function, got 3"),
        (lambda y: nn.MLP(2, 3), r"sizes is a list of whole numbers, inputs first, as \[2, 4, 1\]; got 2"),
        (lambda y: nn.MLP([2, 1], ["tanh"])(3), "a layer takes a list of 2 numbers, got 3"),
        (lambda y: losses.cross_entropy(y, 1), "a cross-entropy takes a list"),
        (lambda y: dot(y, y), "dot takes two lists"),
    ],
)
def test_misuse_says_what_to_do(misuse, message, y):
    with pytest.raises((TypeError, ValueError), match=message):
        misuse(y)
