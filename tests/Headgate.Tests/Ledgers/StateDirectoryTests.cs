using Headgate.Ledgers;

namespace Headgate.Tests.Ledgers;

public sealed class StateDirectoryTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("/given", "/env", "/xdg", "/home/u", "/given")]
    [InlineData(null, "/env", "/xdg", "/home/u", "/env")]
    [InlineData(null, null, "/xdg", "/home/u", "/xdg/headgate")]
    [InlineData(null, null, "not/absolute", "/home/u", "/home/u/.local/state/headgate")]
    [InlineData(null, "", "", "/home/u", "/home/u/.local/state/headgate")]
    public void The_folder_is_the_given_one_or_what_the_environment_says(string? given, string? own, string? xdg, string? home, string expected)
    {
        var environment = new Dictionary<string, string?> { ["HEADGATE_STATE"] = own, ["XDG_STATE_HOME"] = xdg, ["HOME"] = home };
        Assert.Equal(expected, StateDirectory.Locate(given, environment.GetValueOrDefault));
    }

    [Fact]
    public void Without_a_home_the_user_is_told_how_to_name_a_folder() =>
        Assert.Contains("--state DIR", Assert.Throws<LedgerException>(() => StateDirectory.Locate(null, _ => null)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_fingerprint_is_the_same_in_one_folder_and_different_in_another_and_is_no_secret()
    {
        var here = StateDirectory.Open(_folder["a"]).Fingerprint("s3cr3t");
        Assert.Equal(here, StateDirectory.Open(_folder["a"]).Fingerprint("s3cr3t"));
        Assert.NotEqual(here, StateDirectory.Open(_folder["a"]).Fingerprint("s3cr3u"));
        Assert.NotEqual(here, StateDirectory.Open(_folder["b"]).Fingerprint("s3cr3t"));
        Assert.Matches("^[0-9a-f]{16}$", here);
    }

    [Fact]
    public void Many_that_start_at_once_agree_on_one_salt()
    {
        // Many rounds, since the moment in which two can disagree is short.
        for (var round = 0; round < 100; round++)
        {
            var folder = _folder[$"new/state-{round}"];
            var prints = new string[8];
            Parallel.For(0, prints.Length, i => prints[i] = StateDirectory.Open(folder).Fingerprint("k"));
            Assert.Single(prints.Distinct());
            Assert.Equal(["salt"], Directory.GetFiles(folder).Select(Path.GetFileName));
        }
    }

    [Fact]
    public void Only_the_user_can_read_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes");
        StateDirectory.Open(_folder["s"]).Fingerprint("k");
        if (OperatingSystem.IsWindows())
            return;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["s/salt"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["s"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["s/scopes"]));
    }

    [Fact]
    public void A_salt_is_made_for_the_first_secret_only()
    {
        var state = StateDirectory.Open(_folder["s"]);
        Assert.False(File.Exists(_folder["s/salt"]));
        var print = state.Fingerprint("k");
        Assert.True(File.Exists(_folder["s/salt"]));
        Assert.Equal(print, StateDirectory.Open(_folder["s"]).Fingerprint("k"));
    }

    [Fact]
    public void A_broken_salt_is_named_and_not_replaced()
    {
        StateDirectory.Open(_folder["s"]);
        File.WriteAllBytes(_folder["s/salt"], [1, 2, 3]);
        Assert.Contains(_folder["s/salt"], Assert.Throws<LedgerException>(() => StateDirectory.Open(_folder["s"])).Message, StringComparison.Ordinal);
        Assert.Equal(3, new FileInfo(_folder["s/salt"]).Length);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        File.WriteAllText(_folder["file"], "");
        Assert.Contains(_folder["file"], Assert.Throws<LedgerException>(() => StateDirectory.Open(_folder["file/state"])).Message, StringComparison.Ordinal);
    }
}
