using System.Diagnostics;
using System.Text.RegularExpressions;
using Headgate.IntegrationTests.Docs;

namespace Headgate.IntegrationTests.Deploy;

/// <summary>The unit for systemd, as systemd itself reads it.</summary>
public sealed partial class UnitFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("headgate-unit-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Systemd_finds_no_fault_with_it_and_little_that_it_could_harm()
    {
        // The program is not installed where the unit has it.
        var unit = Path.Combine(_folder, "headgate.service");
        File.WriteAllText(unit, File.ReadAllText(Path.Combine(Document.Root, "deploy", "headgate.service")).Replace("/usr/bin/headgate", "/bin/true", StringComparison.Ordinal));

        Assert.Equal((0, ""), Analyze("verify", unit));

        var (code, text) = Analyze("security", "--offline=true", "--no-pager", unit);
        Assert.Equal(0, code);
        var exposure = double.Parse(Exposure().Match(text).Groups["level"].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(exposure <= 2, text);
    }

    private static (int Code, string Text) Analyze(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("systemd-analyze", arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        process.WaitForExit();
        return (process.ExitCode, output.Result + error.Result);
    }

    [GeneratedRegex(@"exposure level for headgate\.service: (?<level>[0-9.]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Exposure();
}
