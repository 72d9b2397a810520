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

    /// <summary>Whether it is looked at as the service would.</summary>
    public bool SeesService(ParseResult parse) => parse.GetValue(_serve);

    /// <summary>Looks.</summary>
    /// <exception cref="ConfigurationException">The file of variables cannot be used.</exception>
    public (ConfigurationSources Sources, ConfigurationReading Reading) Read(ParseResult parse)
    {
        ServiceVariables.Load(parse.GetValue(_variables));
        var sources = parse.GetValue(_serve) ? ConfigurationSources.OfService(parse.GetValue(_file)) : ConfigurationSources.OfProcess(parse.GetValue(_file));
        var reading = ConfigurationReader.Read(sources);
        if (!sources.ReadsOriginalNames)
            return (sources, reading);
        var talk = parse.InvocationConfiguration.Error;
        if (ServiceEnvironment.FindIdle(sources.Environment) is { Count: > 0 } idle)
            talk.WriteLine($"headgate: set, and without effect in this version: {string.Join(", ", idle)}");
        // No error here: the API may come with --up.
        if (ServiceEnvironment.FindFault(sources.Environment, reading.Configuration) is { } fault)
            talk.WriteLine($"headgate: {fault}");
        return (sources, reading);
    }
}
