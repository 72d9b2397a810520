using System.Text.Json;

namespace Headgate.Configuration;

/// <summary>What a configuration is read from: later ones win.</summary>
internal sealed record ConfigurationSources
{
    /// <summary>The file that <c>--config</c> names; null to look in the usual places.</summary>
    public string? File { get; init; }

    /// <summary>The directory that is looked in first, and to which relative paths outside a file are relative.</summary>
    public required string Directory { get; init; }

    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    public IReadOnlyList<ConfigurationOverride> Flags { get; init; } = [];

    /// <summary>Whether the variables of the programs that Headgate replaces are read as well; those of ours win over them.</summary>
    public bool ReadsOriginalNames { get; init; }

    /// <summary>There are none.</summary>
    public static readonly ConfigurationSources Nothing = new() { Directory = ".", Environment = new Dictionary<string, string>() };

    /// <summary>The sources of this process: its directory and its variables.</summary>
    public static ConfigurationSources OfProcess(string? file = null, IReadOnlyList<ConfigurationOverride>? flags = null) => new()
    {
        File = file,
        Directory = System.Environment.CurrentDirectory,
        Environment = Overrides.ProcessEnvironment(),
        Flags = flags ?? [],
    };

    /// <summary>The sources of this process where it is the service.</summary>
    public static ConfigurationSources OfService(string? file = null, IReadOnlyList<ConfigurationOverride>? flags = null)
    {
        var sources = OfProcess(file, flags);
        var environment = new Dictionary<string, string>(sources.Environment);
        foreach (var (name, key) in OriginalEnvironment.Keys(environment))
            environment[name] = key;
        return sources with { Environment = environment, ReadsOriginalNames = true };
    }
}

/// <summary>A configuration as read, with what is wrong with it and where each value came from.</summary>
/// <param name="Configuration">The records; only to be used when there are no errors.</param>
/// <param name="File">The file that was read; null when there is none.</param>
/// <param name="LookedAt">The places that were looked at for a file.</param>
/// <param name="Directory">What relative paths in it are relative to.</param>
/// <param name="Errors">All that is wrong, in the order of file and line.</param>
/// <param name="Root">The tree behind the records, for listings.</param>
internal sealed record ConfigurationReading(
    HeadgateConfiguration Configuration, string? File, IReadOnlyList<string> LookedAt, string Directory, IReadOnlyList<ConfigurationError> Errors, ConfigurationNode Root)
{
    /// <exception cref="ConfigurationException">Something is wrong with it.</exception>
    public HeadgateConfiguration OrThrow() => Errors.Count == 0 ? Configuration : throw new ConfigurationException(Errors);

    /// <summary>Where a value came from, by its JSON pointer.</summary>
    public ValueOrigin OriginOf(string pointer) => Root.Find(pointer)?.Origin ?? ValueOrigin.Default;
}

/// <summary>Reads the configuration: the file, the environment on top of it, flags on top of both; then checks all of it at once.</summary>
internal static class ConfigurationReader
{
    public const string FileName = "headgate.json";

    /// <summary>Some thousand APIs.</summary>
    private const int LargestFile = 16 << 20;

    public static ConfigurationReading Read(ConfigurationSources sources)
    {
        var errors = new List<ConfigurationError>();
        var lookedAt = sources.File is { } given ? [given] : UsualPlaces(sources);
        var file = sources.File ?? Find(sources);
        var directory = sources.Directory;
        ConfigurationNode? root = null;
        if (file is not null)
        {
            directory = Path.GetDirectoryName(Path.GetFullPath(file, sources.Directory))!;
            root = ReadFile(file, sources.Directory, errors);
            if (root is null) // Nothing more can be said of a file that is no JSON.
                return new ConfigurationReading(HeadgateConfiguration.Default, file, lookedAt, directory, errors, Empty());
            new Substitution(sources.Environment, directory, errors).Apply(root);
        }
        root ??= Empty();
        var overrides = new Overrides(root, errors);
        if (sources.ReadsOriginalNames)
            overrides.ApplyVariables(ServiceEnvironment.Read(sources.Environment, errors));
        overrides.ApplyEnvironment(sources.Environment);
        overrides.ApplyFlags(sources.Flags);
        if (sources.ReadsOriginalNames)
            overrides.ApplyVariables([.. ServiceEnvironment.ReadKeys(root, sources.Environment)]);
        return Read(root, directory, sources.Directory, errors) with { File = file, LookedAt = lookedAt };
    }

    /// <summary>Reads what a program says by itself: there is no file, and no variable is looked at.</summary>
    /// <param name="values">The settings.</param>
    /// <param name="directory">What relative paths are relative to.</param>
    public static ConfigurationReading Read(IReadOnlyList<ConfigurationOverride> values, string directory)
    {
        // Whoever sets what nothing here looks at is told so, rather than wait for its effect.
        List<ConfigurationError> errors = [.. values.Where(value => ServiceSettings.Has(value.Pointer)).Select(value =>
            new ConfigurationError(new ValueOrigin(ValueSource.Flag, value.Flag), value.Pointer, "is for headgate serve, and has no effect in a program of your own; take it out"))];
        var root = Empty();
        new Overrides(root, errors).ApplyFlags(values.Where(value => !ServiceSettings.Has(value.Pointer)));
        return Read(root, directory, directory, errors);
    }

    private static ConfigurationReading Read(ConfigurationNode root, string directory, string current, List<ConfigurationError> errors)
    {
        // What could not be substituted has been told; its shape would only complain of the hole.
        var told = errors.Select(error => error.Pointer).ToHashSet();
        var found = new List<ConfigurationError>();
        ServiceBinder.Complete(root);
        Settings.Root.Check(root, found);
        errors.AddRange(found.Where(error => !told.Contains(error.Pointer)));
        var configuration = new ConfigurationBinder(directory, current).Bind(root);
        new ConfigurationRules(root, errors).Check(configuration);
        return new ConfigurationReading(configuration, null, [], directory, InOrder(errors), root);
    }

    /// <summary>The file that is found where nothing names one, as it is written; null if there is none.</summary>
    public static string? Find(ConfigurationSources sources) => UsualPlaces(sources).FirstOrDefault(place => File.Exists(Path.Combine(sources.Directory, place)));

    private static ConfigurationNode? ReadFile(string file, string directory, List<ConfigurationError> errors)
    {
        try
        {
            return ConfigurationParser.ReadFile(BoundedFile.ReadAllBytes(Path.Combine(directory, file), LargestFile), file, errors);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            errors.Add(new ConfigurationError(new ValueOrigin(ValueSource.File, file), "", $"cannot be read: {exception.Message}"));
            return null;
        }
    }

    private static List<string> UsualPlaces(ConfigurationSources sources)
    {
        var places = new List<string> { FileName };
        // The specification of these directories has relative ones ignored.
        if (sources.Environment.GetValueOrDefault("XDG_CONFIG_HOME") is { } home && Path.IsPathRooted(home))
            places.Add(Path.Combine(home, "headgate", FileName));
        else if (sources.Environment.GetValueOrDefault("HOME") is { Length: > 0 } user)
            places.Add(Path.Combine(user, ".config", "headgate", FileName));
        return places;
    }

    private static ConfigurationNode Empty() => new(JsonValueKind.Object, "", ValueOrigin.Default);

    private static List<ConfigurationError> InOrder(List<ConfigurationError> errors) =>
        [.. errors.Distinct().OrderBy(error => error.Origin.Source).ThenBy(error => error.Origin.Line).ThenBy(error => error.Origin.Column)];
}
