using Headgate.App.CommandLine;
using Headgate.Tests.CommandLine;
using Headgate.Tests.Input;

namespace Headgate.Tests.Runs;

/// <summary>What <c>run</c> refuses before it reads, writes or sends anything.</summary>
public sealed class RunCommandTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("FILE and -o", "-o", "in.txt", "--fresh")]
    [InlineData("FILE and -o", "-o", "./in.txt", "--fresh")]
    [InlineData("FILE and --failed-to", "-o", "out", "--failed-to", "in.txt")]
    [InlineData("-o and --failed-to", "-o", "out", "--failed-to", "out")]
    [InlineData("the ledger and --failed-to", "-o", "out", "--failed-to", "out.ledger")]
    [InlineData("--keys and -o", "--keys", "keys", "-o", "keys", "--fresh")]
    public async Task A_file_that_it_reads_or_writes_otherwise_is_not_written_over(string says, params string[] options)
    {
        var input = _folder.Write("in.txt", "http://127.0.0.1:9/\n");
        var files = options.Select(option => option.StartsWith('-') ? option : _folder[option]);

        var run = await ShellRun.OfProgramAsync(["run", input, .. files]);

        Assert.Equal((int)ExitCode.Usage, run.Code);
        Assert.Contains($"is {says} at once", run.Error, StringComparison.Ordinal);
        Assert.Equal("http://127.0.0.1:9/\n", await File.ReadAllTextAsync(input, TestContext.Current.CancellationToken));
        Assert.Single(Directory.GetFileSystemEntries(Path.GetDirectoryName(input)!));
    }

    [Theory]
    [InlineData("headgate: --limit: limit \"100/m\": \"m\" could be", "--limit", "100/m")]
    [InlineData("headgate: --concurrency: \"0\" is not", "--concurrency", "0")]
    [InlineData("headgate: --limit none says that there is no limit", "--limit", "none", "--limit", "10/s")]
    public async Task A_bad_value_is_told_with_its_flag_and_not_with_a_place_in_a_file(string says, params string[] options)
    {
        var run = await ShellRun.OfProgramAsync(["run", _folder.Write("in.txt", "http://127.0.0.1:9/\n"), .. options]);
        Assert.Equal((int)ExitCode.Configuration, run.Code);
        Assert.StartsWith(says, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_tells_as_JSON_what_would_be_sent_where()
    {
        var run = await ShellRun.OfProgramAsync("run", _folder.Write("in.txt", "http://127.0.0.1:9/a\nhttp://127.0.0.1:9/b\n"), "--limit", "10/s", "--total-limit", "100/min", "--dry-run", "--json");
        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Equal("""{"dry_run":true,"total":2,"bad_lines":0,"total_limits":["100/min"],"apis":[{"name":"http://127.0.0.1:9","requests":2,"limits":["10/s"],"keys":0,"key_limits":[]}]}""", run.Output.TrimEnd());
    }
}
