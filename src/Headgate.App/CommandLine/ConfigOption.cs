using System.CommandLine;

namespace Headgate.App.CommandLine;

/// <summary>The option that names the configuration, the same for every verb that reads one.</summary>
internal static class ConfigOption
{
    public static Option<string?> Create() => new("--config")
    {
        HelpName = "FILE",
        Description = "The configuration; by default ./headgate.json, else headgate/headgate.json in $XDG_CONFIG_HOME.",
    };
}
