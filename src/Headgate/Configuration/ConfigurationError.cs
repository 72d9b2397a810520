namespace Headgate.Configuration;

/// <summary>One thing that is wrong with the configuration or with a file of keys.</summary>
/// <param name="Origin">Where it was written.</param>
/// <param name="Pointer">The JSON pointer of the value; empty for the whole file.</param>
/// <param name="Message">What is wrong and what to do; never the value of a secret.</param>
internal sealed record ConfigurationError(ValueOrigin Origin, string Pointer, string Message)
{
    public override string ToString()
    {
        var place = Origin switch
        {
            { Column: > 0 } => $"{Origin}:{Origin.Column}: ",
            { Name: "" } => "",
            _ => $"{Excerpt.Of($"{Origin}", 300)}: ",
        };
        return Pointer.Length == 0 ? place + Message : $"{place}{Excerpt.Of(Pointer, 300)}: {Message}";
    }
}

/// <summary>The configuration, or a file of keys, cannot be used. All that is wrong with it is told at once.</summary>
internal sealed class ConfigurationException(IReadOnlyList<ConfigurationError> errors) : Exception(string.Join('\n', errors))
{
    public ConfigurationException(ValueOrigin origin, string message)
        : this([new ConfigurationError(origin, "", message)])
    {
    }

    public IReadOnlyList<ConfigurationError> Errors => errors;
}
