using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Headgate.App.CommandLine;

namespace Headgate.App.Commands;

/// <summary><c>headgate version</c>: what is running, and on what.</summary>
internal static class VersionCommand
{
    public static string Version { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Write JSON." };
        var command = new Command("version", "Shows the version of the program, its runtime and the system.") { json };
        command.SetAction(parse =>
        {
            parse.InvocationConfiguration.Output.WriteLine(parse.GetValue(json) ? Json() : Text());
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private static string Architecture => RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    private static string Text() =>
        $"headgate {Version} ({RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}, {Architecture})";

    private static string Json() => new JsonObject
    {
        ["name"] = "headgate",
        ["version"] = Version,
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["os"] = RuntimeInformation.OSDescription,
        ["arch"] = Architecture,
    }.ToJsonString();
}
