using System.CommandLine;
using Headgate.App.CommandLine;
using Headgate.App.Service;
using Headgate.Configuration;

namespace Headgate.App.Commands;

/// <summary>The options that say with whose eyes <c>config check</c> and <c>config show</c> look at the configuration.</summary>
internal sealed class ConfigurationSight
{
    private readonly Option<string?> _file = ConfigOption.Create();
    private readonly Option<bool> _serve = new("--serve") { Description = "As headgate serve sees it: the variables of the programs that it replaces are read too." };
    private readonly Option<string?> _variables = ServiceVariables.FileOption();

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_file, _serve, _variables])
            command.Options.Add(option);
    }

    /// <summary>What is read.</summary>
    /// <exception cref="ConfigurationException">The file of variables cannot be used.</exception>
    public ConfigurationSources Read(ParseResult parse)
    {
        ServiceVariables.Load(parse.GetValue(_variables));
        if (!parse.GetValue(_serve))
            return ConfigurationSources.OfProcess(parse.GetValue(_file));
        var sources = ConfigurationSources.OfService(parse.GetValue(_file));
        ServiceVariables.TellIdle(sources.Environment, parse.InvocationConfiguration.Error);
        return sources;
    }
}
