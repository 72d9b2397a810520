using System.Diagnostics;

namespace Headgate.IntegrationTests.CommandLine;

/// <summary>What only a real shell and a real process can show.</summary>
public sealed class RealShellTests
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "headgate-cli");

    [Theory]
    [InlineData("headgate con", "config")]
    [InlineData("headgate config ", "check show schema")]
    [InlineData("headgate config sh", "show")]
    [InlineData("headgate config show --", "--config --json --help")]
    [InlineData("headgate config show --config version --j", "--json")]
    [InlineData("headgate config show --config ", "")]
    [InlineData("headgate completion f", "fish")]
    [InlineData("headgate nothing-like-it ", "config version completion")]
    public async Task Bash_completes_verbs_options_and_words(string line, string expected)
    {
        var words = line.Split(' ');
        var script = $$"""
            source <("{{Program}}" completion bash) || exit 1
            complete -p headgate >/dev/null || exit 2
            COMP_WORDS=({{string.Join(' ', words.Select(word => $"'{word}'"))}}); COMP_CWORD={{words.Length - 1}}
            _headgate
            echo "${COMPREPLY[*]}"
            """;
        var (code, output, error) = await RunAsync("bash", "-c", script);

        Assert.Equal((0, ""), (code, error));
        Assert.Subset(output.Trim().Split(' ').ToHashSet(), expected.Split(' ').ToHashSet());
        if (expected.Length == 0 || words[^1].Length > 2)
            Assert.Equal(expected, output.Trim());
    }

    [Fact]
    public async Task A_reader_that_goes_away_and_a_full_disk_leave_no_trace_of_a_stack()
    {
        var (_, first, quiet) = await RunAsync("bash", "-c", $"'{Program}' config schema | head -n 1");
        Assert.Equal(("{\n", ""), (first, quiet));

        var (code, _, error) = await RunAsync("bash", "-c", $"'{Program}' config schema > /dev/full");
        Assert.Equal(7, code);
        Assert.StartsWith("headgate: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistyped_verb_ends_with_2_and_talks_on_stderr()
    {
        var (code, output, error) = await RunAsync(Program, "verison");

        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("headgate: unknown verb \"verison\"; did you mean \"version\"?", error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
