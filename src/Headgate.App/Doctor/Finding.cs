namespace Headgate.App.Doctor;

/// <summary>How something was found.</summary>
internal enum Health
{
    Ok,

    /// <summary>It works, and will give trouble.</summary>
    Warn,

    /// <summary>The service would not work.</summary>
    Fail,
}

/// <summary>What was looked at, how it is, and what to do.</summary>
/// <param name="What">What was looked at, in a word.</param>
/// <param name="Health">How it is.</param>
/// <param name="Text">What was found.</param>
/// <param name="Cure">What to do; null where all is well.</param>
internal sealed record Finding(string What, Health Health, string Text, string? Cure = null)
{
    public static Finding Ok(string what, string text) => new(what, Health.Ok, text);

    public static Finding Warn(string what, string text, string cure) => new(what, Health.Warn, text, cure);

    public static Finding Fail(string what, string text, string cure) => new(what, Health.Fail, text, cure);
}
