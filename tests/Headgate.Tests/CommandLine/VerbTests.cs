using System.Text.Json.Nodes;
using Headgate.App.CommandLine;
using Headgate.Tests.Configuration;

namespace Headgate.Tests.CommandLine;

public sealed class VerbTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Version_is_a_line_or_JSON()
    {
        var json = JsonNode.Parse((await ShellRun.OfProgramAsync("version", "--json")).Output)!.AsObject();

        Assert.Equal(["name", "version", "runtime", "os", "arch"], json.Select(member => member.Key));
        Assert.Matches(@"^\d+\.\d+\.\d+", json["version"]!.GetValue<string>());
        var line = await ShellRun.OfProgramAsync("version");
        Assert.StartsWith($"headgate {json["version"]}", line.Output, StringComparison.Ordinal);
        Assert.Equal(line, await ShellRun.OfProgramAsync("--version"));
    }

    [Fact]
    public async Task Check_says_what_it_found()
    {
        _directory.Write("keys.txt", "hunter1\nci hunter2\n");
        var run = await CheckAsync("""{ "total": { "limits": ["500 concurrent"] }, "upstreams": { "github": { "base": ["https://api.github.com"], "limits": ["100/s"], "keys": { "from": ["file:keys.txt"], "limits": ["5000/h"] } } } }""");

        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains("headgate.json is valid", run.Output, StringComparison.Ordinal);
        Assert.Contains("  all traffic: 500 concurrent", run.Output, StringComparison.Ordinal);
        Assert.Contains("  github (https://api.github.com): 100/s; keys key-1, ci, each 5000/h", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_tells_all_errors_those_of_the_keys_too_and_ends_with_3()
    {
        _directory.Write("keys.txt", "a hunter1\na hunter2\n");
        var run = await CheckAsync("""{ "defaults": { "timout": 1, "retries": -1 }, "upstreams": { "github": { "base": ["https://api.github.com"], "keys": { "from": ["file:keys.txt"] } } } }""");

        Assert.Equal((3, ""), (run.Code, run.Output));
        Assert.Equal(3, run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(line => line.StartsWith("headgate: ", StringComparison.Ordinal)));
        Assert.Contains("/defaults/timout: unknown member; did you mean \"timeout\"?", run.Error, StringComparison.Ordinal);
        Assert.Contains("keys.txt:2: the name \"a\" is taken", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_lists_every_value_with_its_origin()
    {
        var path = _directory.Write("headgate.json", "{ \"defaults\": {\n \"timeout\": 5 } }");
        var table = await ShellRun.OfProgramAsync("config", "show", "--config", path);
        var json = JsonNode.Parse((await ShellRun.OfProgramAsync("config", "show", "--json", "--config", path)).Output)!;

        Assert.Matches($@"(?m)^/defaults/timeout +5 +{path}:2\r?$", table.Output);
        Assert.Matches(@"(?m)^/defaults/maxBody +16MiB +default\r?$", table.Output);
        Assert.Equal(path, json["file"]!.GetValue<string>());
        var timeout = json["values"]!.AsArray().Single(value => value!["path"]!.GetValue<string>() == "/defaults/timeout")!;
        Assert.Equal((5, "file", $"{path}:2"), (timeout["value"]!.GetValue<int>(), timeout["source"]!.GetValue<string>(), timeout["origin"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Schema_is_JSON_on_stdout()
    {
        var run = await ShellRun.OfProgramAsync("config", "schema");

        Assert.Equal(0, run.Code);
        Assert.Equal("https://json-schema.org/draft/2020-12/schema", JsonNode.Parse(run.Output)!["$schema"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _headgate headgate")]
    [InlineData("zsh", "#compdef headgate")]
    [InlineData("fish", "complete -c headgate -n '__headgate_at \" config show\"' -l json")]
    [InlineData("pwsh", "Register-ArgumentCompleter -Native -CommandName headgate")]
    public async Task Completion_knows_every_verb_and_option(string shell, string expected)
    {
        var run = await ShellRun.OfProgramAsync("completion", shell);

        Assert.Equal((0, ""), (run.Code, run.Error));
        Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', run.Output);
        var dashes = shell == "fish" ? "-l " : "--";
        foreach (var verb in Headgate.App.Program.Verbs())
            foreach (var word in verb.Subcommands.SelectMany(below => below.Options.Select(option => dashes + option.Name[2..]).Append(below.Name))
                .Concat(verb.Options.Select(option => dashes + option.Name[2..])).Append(verb.Name))
                Assert.Contains(word, run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Exit_codes_are_those_that_scripts_rely_on() => Assert.Equal(
        ["Ok=0", "SomeFailed=1", "Usage=2", "Configuration=3", "Input=4", "GivenUp=5", "NoKeys=6", "Disk=7", "Unreachable=8", "Breach=9", "Interrupted=130", "Terminated=143"],
        Enum.GetValues<ExitCode>().Select(code => $"{code}={(int)code}"));

    private Task<ShellRun> CheckAsync(string json) => ShellRun.OfProgramAsync("config", "check", "--config", _directory.Write("headgate.json", json));
}
