using System.CommandLine;
using System.Runtime.InteropServices;
using Headgate.App.CommandLine;
using Headgate.App.Input;
using Headgate.App.Results;
using Headgate.Configuration;
using Headgate.Ledgers;
using Headgate.Time;

namespace Headgate.Tests.CommandLine;

public sealed class ShellTests
{
    [Theory]
    [InlineData("conifg", "headgate: unknown verb \"conifg\"; did you mean \"config\"?\ntry: headgate --help\n")]
    [InlineData("frobnicate", "headgate: unknown verb \"frobnicate\"\ntry: headgate --help\n")]
    [InlineData("[suggest]", "headgate: unknown verb \"[suggest]\"\ntry: headgate --help\n")]
    [InlineData("--hlep", "headgate: unknown option \"--hlep\"; did you mean \"--help\"?\ntry: headgate --help\n")]
    [InlineData("config", "headgate: a verb is missing: check, show, schema\ntry: headgate config --help\n")]
    [InlineData("config chekc", "headgate: unknown verb \"chekc\"; did you mean \"check\"?\ntry: headgate config --help\n")]
    [InlineData("config check --confg=x", "headgate: unknown option \"--confg\"; did you mean \"--config\"?\ntry: headgate config check --help\n")]
    [InlineData("config check --config", "headgate: --config needs a value: --config FILE\ntry: headgate config check --help\n")]
    [InlineData("limits resett --server localhost:1", "headgate: unknown verb \"resett\"; did you mean \"reset\"?\ntry: headgate limits --help\n")]
    [InlineData("limits --server localhost:1 ls", "headgate: --server comes after the verb: headgate limits ls --server …\ntry: headgate limits ls --help\n")]
    [InlineData("jobs ls --order best", "headgate: --order \"best\": give one of newest, oldest\ntry: headgate jobs ls --help\n")]
    [InlineData("version --jsno", "headgate: unknown option \"--jsno\"; did you mean \"--json\"?\ntry: headgate version --help\n")]
    [InlineData("version now", "headgate: \"now\" is too much: the verb takes no argument\ntry: headgate version --help\n")]
    [InlineData("completion", "headgate: shell is missing\ntry: headgate completion --help\n")]
    [InlineData("completion tcsh", "headgate: Argument 'tcsh' not recognized. Must be one of: 'bash' 'zsh' 'fish' 'pwsh'\ntry: headgate completion --help\n")]
    [InlineData("plan requests.txt", "headgate: unknown verb \"plan\"\ntry: headgate --help\n")]
    [InlineData("run", "headgate: FILE is missing\ntry: headgate run --help\n")]
    [InlineData("run requests.txt --progress loud", "headgate: --progress \"loud\": give one of auto, plain, json, off\ntry: headgate run --help\n")]
    [InlineData("completion --bash", "headgate: unknown option \"--bash\"\ntry: headgate completion --help\n")]
    public async Task A_mistyped_command_line_is_told_on_stderr_with_what_was_probably_meant(string line, string expected)
    {
        var run = await ShellRun.OfProgramAsync(line.Split(' '));

        Assert.Equal(expected, run.Error.ReplaceLineEndings("\n"));
        Assert.Equal(((int)ExitCode.Usage, ""), (run.Code, run.Output));
    }

    [Fact]
    public async Task Without_arguments_the_help_is_talk_and_the_code_is_2()
    {
        var run = await ShellRun.OfProgramAsync();

        Assert.Equal((2, ""), (run.Code, run.Output));
        Assert.Contains("headgate [command] [options]", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help", "headgate [command]")]
    [InlineData("-h", "headgate [command]")]
    [InlineData("help", "headgate [command]")]
    [InlineData("help config check", "headgate config check [options]")]
    [InlineData("config check -h", "headgate config check [options]")]
    public async Task Help_is_data_when_it_is_asked_for(string line, string expected)
    {
        var run = await ShellRun.OfProgramAsync(line.Split(' '));

        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains(expected, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_lists_the_verbs_in_the_order_of_the_program()
    {
        var run = await ShellRun.OfProgramAsync("--help");
        var verbs = Headgate.App.Program.Verbs().Select(verb => run.Output.IndexOf($"\n  {verb.Name}", StringComparison.Ordinal)).ToList();

        Assert.All(verbs, at => Assert.True(at > 0));
        Assert.Equal(verbs.Order(), verbs);
    }

    [Fact]
    public async Task An_unknown_option_is_not_taken_for_an_argument_but_what_follows_two_dashes_is()
    {
        var file = new Argument<string>("FILE");
        var take = new Command("take") { file, new Option<string>("--limit") };
        take.SetAction(parse => parse.InvocationConfiguration.Output.Write(parse.GetValue(file)));

        var wrong = await ShellRun.OfVerbsAsync([take], ["take", "--limt", "5/s"]);
        Assert.Equal(2, wrong.Code);
        Assert.Equal(Line("headgate: unknown option \"--limt\"; did you mean \"--limit\"?") + Line("try: headgate take --help"), wrong.Error);
        Assert.Equal("--limt", (await ShellRun.OfVerbsAsync([take], ["take", "--", "--limt"])).Output);
        Assert.Equal("-", (await ShellRun.OfVerbsAsync([take], ["take", "-"])).Output);
        Assert.Equal("@name", (await ShellRun.OfVerbsAsync([take], ["take", "@name"])).Output);
        Assert.Equal("[x]", (await ShellRun.OfVerbsAsync([take], ["take", "[x]"])).Output);
    }

    [Fact]
    public async Task A_list_of_verbs_shows_the_first_line_of_each_and_their_own_help_all()
    {
        Assert.DoesNotContain("And more.", (await ShellRun.OfVerbsAsync([Verb()], ["--help"])).Output, StringComparison.Ordinal);
        Assert.Contains("And more.", (await ShellRun.OfVerbsAsync([Verb()], ["act", "--help"])).Output, StringComparison.Ordinal);

        static Command Verb() => new("act", "Does it.\nAnd more.");
    }

    [Fact]
    public async Task What_a_verb_returns_is_the_exit_code()
    {
        Assert.Equal(9, (await RunAsync(() => ExitCode.Breach)).Code);
        Assert.Equal(0, (await RunAsync(() => ExitCode.Ok)).Code);
    }

    [Fact]
    public async Task What_a_verb_throws_is_a_message_and_a_code()
    {
        Assert.Equal(new ShellRun(4, "", Line("headgate: line 3 is broken")), await RunAsync(() => throw new CommandException(ExitCode.Input, "line 3 is broken")));
        Assert.Equal(
            new ShellRun(3, "", Line("headgate: keys.txt:2: /0: wrong") + Line("headgate: --limit: also")),
            await RunAsync(() => throw new ConfigurationException([new(new ValueOrigin(ValueSource.File, "keys.txt", 2), "/0", "wrong"), new(new ValueOrigin(ValueSource.Flag, "--limit"), "", "also")])));
        Assert.Equal(new ShellRun(3, "", Line("headgate: process 7 sends there")), await RunAsync(() => throw new ScopeHeldException("process 7 sends there")));
        Assert.Equal(new ShellRun(4, "", Line("headgate: x does not exist")), await RunAsync(() => throw new InputException("x does not exist")));
        Assert.Equal(new ShellRun(7, "", Line("headgate: x is damaged")), await RunAsync(() => throw new LedgerException("x is damaged")));
        Assert.Equal(new ShellRun(7, "", Line("headgate: x cannot be written: full")), await RunAsync(() => throw new ResultWriteException("x", new IOException("full"))));
        Assert.Equal(new ShellRun(7, "", Line("headgate: disk full (set HEADGATE_DEBUG=1 for the trace)")), await RunAsync(() => throw new IOException("disk full")));
        Assert.Equal(7, (await RunAsync(() => throw new UnauthorizedAccessException("no"))).Code);
        Assert.Equal(
            new ShellRun(1, "", Line("headgate: unexpected InvalidOperationException: oh (set HEADGATE_DEBUG=1 for the trace)")),
            await RunAsync(() => throw new InvalidOperationException("oh")));
    }

    [Fact]
    public async Task Output_that_cannot_be_written_is_a_disk_error_without_a_trace()
    {
        using var none = new Interruption(TimeProvider.System);
        using var error = new StringWriter();
        await using var full = new StreamWriter(new FullStream());

        var code = await new Shell(Headgate.App.Program.Verbs(), full, error, none).RunAsync(["version"]);

        Assert.Equal((7, Line("headgate: broken pipe (set HEADGATE_DEBUG=1 for the trace)")), (code, error.ToString()));
    }

    [Theory]
    [InlineData(PosixSignal.SIGINT, 130)]
    [InlineData(PosixSignal.SIGTERM, 143)]
    public async Task An_interrupted_verb_ends_with_the_code_of_the_signal(PosixSignal signal, int code)
    {
        var time = new VirtualTime();
        using var interruption = new Interruption(time);
        Assert.Null(interruption.Code);
        var waiting = new Command("wait");
        waiting.SetAction(async (_, stop) =>
        {
            Assert.True(interruption.Receive(signal));
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop);
            return 0;
        });
        var draining = new Command("drain");
        draining.SetAction(_ => (int)ExitCode.Interrupted);

        Assert.Equal(new ShellRun(code, "", ""), await ShellRun.OfVerbsAsync([waiting], ["wait"], interruption));
        Assert.Equal(code, (await ShellRun.OfVerbsAsync([draining], ["drain"], interruption)).Code);
        time.Advance(TimeSpan.FromMilliseconds(249));
        Assert.True(interruption.Receive(PosixSignal.SIGINT), "the same one told twice");
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(interruption.Receive(PosixSignal.SIGINT));
        Assert.Equal((ExitCode)code, interruption.Code);
    }

    private static Task<ShellRun> RunAsync(Func<ExitCode> act)
    {
        var verb = new Command("act");
        verb.SetAction(_ => (int)act());
        return ShellRun.OfVerbsAsync([verb], ["act"]);
    }

    private static string Line(string text) => text + Environment.NewLine;

    private sealed class FullStream : MemoryStream
    {
        private bool _told;

        public override void Write(ReadOnlySpan<byte> buffer) => Refuse();

        public override void Write(byte[] buffer, int offset, int count) => Refuse();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Refuse();
            return ValueTask.CompletedTask;
        }

        // Only once: the writer tries again when it is disposed.
        private void Refuse()
        {
            if (_told)
                return;
            _told = true;
            throw new IOException("broken pipe");
        }
    }
}
